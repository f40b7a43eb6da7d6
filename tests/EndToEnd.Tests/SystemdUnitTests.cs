using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The units for systemd are what systemd takes them for, and start the program as it can be started.</summary>
public sealed partial class SystemdUnitTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public static TheoryData<string> Units { get; } = [.. Directory.GetFiles(Repository.Path("deploy"), "*.service").Select(path => Path.GetFileName(path))];

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Systemd_has_no_complaint_about_the_socket()
    {
        Requires.Program("systemd-analyze", "systemd");
        foreach (string unit in (string[])["remoteexec.socket", "remoteexec.service"])
        {
            string text = await File.ReadAllTextAsync(Repository.Path("deploy", unit), TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(directory[unit], ExecStart().Replace(text, $"ExecStart={ServerProcess.Program} ${{arguments}}"), TestContext.Current.CancellationToken);
        }

        await using ChildProcess verify = ChildProcess.Start("systemd-analyze", ["verify", "--man=no", directory["remoteexec.socket"]]);

        Assert.Equal(0, await verify.WaitForExitAsync());
        Assert.Equal("", verify.Output);
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task Systemd_has_no_complaint(string unit)
    {
        Requires.Program("systemd-analyze", "systemd");
        string text = await File.ReadAllTextAsync(Repository.Path("deploy", unit), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(directory[unit], ExecStart().Replace(text, $"ExecStart={ServerProcess.Program} ${{arguments}}"), TestContext.Current.CancellationToken);

        await using ChildProcess verify = ChildProcess.Start("systemd-analyze", ["verify", "--man=no", directory[unit]]);

        Assert.Equal(0, await verify.WaitForExitAsync());
        Assert.Equal("", verify.Output); // it only mentions a key that it does not know
    }

    [Theory]
    [MemberData(nameof(Units))]
    public async Task The_program_takes_the_flags(string unit)
    {
        string text = await File.ReadAllTextAsync(Repository.Path("deploy", unit), TestContext.Current.CancellationToken);
        string[] arguments = ExecStart().Match(text).Groups["arguments"].Value.Split(' ');
        string config = Assert.Single(arguments, argument => argument.EndsWith(".yaml", StringComparison.Ordinal));

        await using ChildProcess program = ChildProcess.Start(ServerProcess.Program, arguments.Select(argument => argument == config ? directory["none.yaml"] : argument));

        Assert.Equal(2, await program.WaitForExitAsync());
        Assert.Equal($"remoteexec: {directory["none.yaml"]}: can't be read: there is no such file\n", program.Output); // and nothing else
    }

    [Fact]
    public async Task Who_connects_before_the_server_runs_is_answered_through_the_socket_it_is_passed()
    {
        Requires.Program("systemd-socket-activate", "systemd");
        int port = FreePorts.First(2);
        await using ChildProcess activated = ChildProcess.Start("systemd-socket-activate", [
            "--listen", $"127.0.0.1:{port}", "--listen", $"127.0.0.1:{port + 1}",
            ServerProcess.Program, "serve", "--data", directory["data"], "--grpc", $"127.0.0.1:{port}", "--http", $"127.0.0.1:{port + 1}"]);
        await activated.WaitForOutputAsync(output => output.Contains($"Listening on 127.0.0.1:{port + 1}", StringComparison.Ordinal), "the sockets");
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };

        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port + 1}/cas/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using ChildProcess health = ChildProcess.Start(ServerProcess.Program, ["health", "--server", $"grpc://127.0.0.1:{port}"]);
        Assert.Equal(0, await health.WaitForExitAsync());
        await activated.SignalAsync("TERM");
        Assert.Equal(0, await activated.WaitForExitAsync());
    }

    [Fact]
    public async Task A_socket_where_no_listener_is_to_be_is_told_and_ends_it()
    {
        Requires.Program("systemd-socket-activate", "systemd");
        int port = FreePorts.First(2);
        await using ChildProcess activated = ChildProcess.Start("systemd-socket-activate", [
            "--listen", $"127.0.0.1:{port}", ServerProcess.Program, "serve", "--data", directory["data"], "--grpc", $"127.0.0.1:{port + 1}", "--http", "127.0.0.1:0"]);
        await activated.WaitForOutputAsync(output => output.Contains($"Listening on 127.0.0.1:{port}", StringComparison.Ordinal), "the socket");
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);

        Assert.Equal(1, await activated.WaitForExitAsync());
        Assert.Contains($"remoteexec: a socket was passed that listens at 127.0.0.1:{port}, where no listener is to be: ", activated.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Systemd_is_told_when_the_server_serves_and_when_it_stops()
    {
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(directory["notify.sock"]));
        await using ChildProcess server = ChildProcess.Start(
            ServerProcess.Program, ["serve", "--data", directory["data"], "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"],
            environment: new Dictionary<string, string?> { ["NOTIFY_SOCKET"] = directory["notify.sock"] });

        Assert.Equal("READY=1", await ReceiveAsync(systemd));
        Assert.Contains("\nready: ", server.Output, StringComparison.Ordinal);
        await server.SignalAsync("TERM");
        Assert.Equal("STOPPING=1", await ReceiveAsync(systemd));
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        byte[] buffer = new byte[100];
        int length = await socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    [GeneratedRegex("^ExecStart=/opt/remoteexec/remoteexec (?<arguments>.*)$", RegexOptions.Multiline)]
    private static partial Regex ExecStart();
}
