using System.Net;
using System.Net.Sockets;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Hosting;

public sealed class StartupFailureTests
{
    private static async Task<string> MessageOfAsync(TemporaryDirectory data, params IEnumerable<string> settings)
    {
        StartupException exception = await Assert.ThrowsAsync<StartupException>(() => TestServers.StartAsync(data, settings));
        Assert.DoesNotContain('\n', exception.Message);
        return exception.Message;
    }

    [Fact]
    public async Task A_port_in_use_is_told_with_the_flag_to_change()
    {
        using var data = new TemporaryDirectory();
        using var occupant = new TcpListener(IPAddress.Loopback, 0);
        occupant.Start();
        int port = ((IPEndPoint)occupant.LocalEndpoint).Port;

        Assert.Equal($"can't listen on 127.0.0.1:{port}: it is in use by another process; choose another with --http", await MessageOfAsync(data, $"listeners.http=127.0.0.1:{port}"));
    }

    [Fact]
    public async Task An_address_of_another_machine_is_told_as_such()
    {
        using var data = new TemporaryDirectory();

        Assert.Equal("can't listen on 192.0.2.1:8980: it is no address of this machine; choose another with --grpc", await MessageOfAsync(data, "listeners.grpc=192.0.2.1:8980", "insecure=true"));
    }

    [Fact]
    public async Task A_socket_that_a_killed_server_left_is_replaced()
    {
        using var data = new TemporaryDirectory();
        string path = data["grpc.sock"];
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound under another name and renamed: closing it leaves the file, as a kill does.
            left.Bind(new UnixDomainSocketEndPoint(path + ".old"));
            File.Move(path + ".old", path);
        }

        Assert.True(File.Exists(path));
        await using RunningServer server = await TestServers.StartAsync(data, $"listeners.grpc=unix:{path}");
    }

    [Fact]
    public async Task A_socket_that_somebody_listens_on_is_not_taken_away()
    {
        using var data = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        string path = data["grpc.sock"];
        await using RunningServer first = await TestServers.StartAsync(data, $"listeners.grpc=unix:{path}");

        Assert.Equal($"can't listen on unix:{path}: it is in use by another process; choose another with --grpc", await MessageOfAsync(other, $"listeners.grpc=unix:{path}"));
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_file_in_the_place_of_a_socket_is_left_alone()
    {
        using var data = new TemporaryDirectory();
        string path = data["precious.txt"];
        await File.WriteAllTextAsync(path, "precious", TestContext.Current.CancellationToken);

        Assert.Contains("exists and is no socket", await MessageOfAsync(data, $"listeners.grpc=unix:{path}"), StringComparison.Ordinal);
        Assert.Equal("precious", await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_data_directory_that_can_not_be_made_is_told_with_the_flag_to_change()
    {
        using var data = new TemporaryDirectory();
        await File.WriteAllTextAsync(data["file"], "", TestContext.Current.CancellationToken);

        string message = await MessageOfAsync(data, $"data={data["file"]}/below");

        Assert.StartsWith($"the data directory {data["file"]}/below can't be written to: ", message, StringComparison.Ordinal);
        Assert.EndsWith("choose another with --data", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_that_another_server_uses_is_told_as_such()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer first = await TestServers.StartAsync(data);

        string message = await MessageOfAsync(data);

        Assert.Contains("is in use by", message, StringComparison.Ordinal);
        Assert.Contains("--data", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_too_small_to_hold_anything_is_refused()
    {
        using var data = new TemporaryDirectory();

        Assert.Contains("--max-size", await MessageOfAsync(data, "maxSize=1KiB"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_can_not_be_read_is_told_with_its_setting()
    {
        using var data = new TemporaryDirectory();

        string message = await MessageOfAsync(data, "listeners.tls.certificate=/not/there.pem", "listeners.tls.key=/not/there.key");

        Assert.Contains("/not/there", message, StringComparison.Ordinal);
        Assert.Contains("listeners.tls.certificate", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_whose_scratch_directory_is_taken_ends_the_server()
    {
        using var data = new TemporaryDirectory();
        using var other = new TemporaryDirectory();
        string scratch = data["scratch"];
        await using RunningServer first = await TestServers.StartAsync(data, "worker.slots=1", $"worker.scratch={scratch}");
        // The first worker takes the directory some time after the start.
        while (!File.Exists(Path.Combine(scratch, "lock")))
            await Task.Delay(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken);

        await using RunningServer second = await TestServers.StartAsync(other, "worker.slots=1", $"worker.scratch={scratch}");
        StartupException exception = await Assert.ThrowsAsync<StartupException>(() => second.RunAsync(TestContext.Current.CancellationToken));

        Assert.Contains("worker.scratch", exception.Message, StringComparison.Ordinal);
    }
}
