using System.Net;
using System.Net.Sockets;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The program as its user meets it: what it prints, and how it ends.</summary>
public sealed class ProgramTests
{
    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(ServerProcess.Program, arguments);
        int code = await process.WaitForExitAsync();
        return (code, process.Output, process.Errors);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_ends_an_idle_server_well(string signal)
    {
        using var data = new TemporaryDirectory();
        await using ChildProcess server = ChildProcess.Start(ServerProcess.Program, ["serve", "--data", data.FullPath, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");

        await server.SignalAsync(signal);

        Assert.Equal(0, await server.WaitForExitAsync());
        Assert.DoesNotContain("\u001b[", server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_directory_in_which_it_is_started_may_be_gone()
    {
        using var data = new TemporaryDirectory();
        await using ChildProcess server = ChildProcess.Start(
            "sh",
            ["-c", "mkdir \"$1\" && cd \"$1\" && rmdir \"$1\" && shift && exec \"$@\"", "sh", data["gone"],
             ServerProcess.Program, "serve", "--data", data.FullPath, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"]);

        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_and_exit_code_1()
    {
        using var data = new TemporaryDirectory();
        using var occupant = new TcpListener(IPAddress.Loopback, 0);
        occupant.Start();
        string address = occupant.LocalEndpoint.ToString()!;

        (int code, string output, string errors) = await RunAsync("serve", "--data", data.FullPath, "--grpc", address, "--http", "127.0.0.1:0");

        Assert.Equal(1, code);
        Assert.Equal($"remoteexec: can't listen on {address}: it is in use by another process; choose another with --grpc\n", errors);
        Assert.Equal(errors, output);
    }

    [Fact]
    public async Task Health_is_told_by_a_word_and_the_exit_code()
    {
        using var data = new TemporaryDirectory();
        await using ChildProcess server = ChildProcess.Start(ServerProcess.Program, ["serve", "--data", data.FullPath, "--grpc", $"unix:{data["grpc.sock"]}", "--http", "127.0.0.1:0"]);
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");

        Assert.Equal((0, "SERVING\n", ""), await RunAsync("health", "--server", $"unix:{data["grpc.sock"]}"));

        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
        (int code, _, string errors) = await RunAsync("health", "--server", $"unix:{data["grpc.sock"]}");
        Assert.Equal(1, code);
        Assert.StartsWith($"remoteexec: unix:{data["grpc.sock"]} is not well: ", errors, StringComparison.Ordinal);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task A_bad_flag_is_one_line_and_exit_code_2()
    {
        (int code, string output, string errors) = await RunAsync("serve", "--port", "80");

        Assert.Equal(2, code);
        Assert.Equal(errors, output);
        Assert.Single(errors.TrimEnd('\n').Split('\n'));
        Assert.Contains("'--port'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_directory_in_use_by_another_server_is_one_line_and_exit_code_1()
    {
        using var data = new TemporaryDirectory();
        string[] arguments = ["serve", "--data", data.FullPath, "--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
        await using ChildProcess first = ChildProcess.Start(ServerProcess.Program, arguments);
        await first.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");

        (int code, string _, string errors) = await RunAsync(arguments);

        Assert.Equal(1, code);
        Assert.Contains("--data", Assert.Single(errors.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
    }
}
