using Google.LongRunning;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>The real server and its worker: what an action looked at, as the command line shows it.</summary>
public sealed class AuditTests
{
    [Fact]
    public async Task The_command_in_the_message_of_a_result_or_the_name_of_the_operation_shows_what_the_action_looked_at()
    {
        await using ChildProcess probe = ChildProcess.Start(ServerProcess.Program, ["worker", "--probe"]);
        await probe.WaitForExitAsync();
        Requires.True(probe.Output.Contains("sandbox 'cached-trees'", StringComparison.Ordinal), $"nothing can be audited here: {probe.Output}");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "audit", Value = "on" } } };

        Operation done = await ShellActions.ExecuteAsync(channel, "read line < /usr/share/no-such-file", platform).LastAsync(TestContext.Current.CancellationToken);

        string digest = done.Response.Unpack<Reapi.ExecuteResponse>().Message.Split("remoteexec audit ")[1].Trim();
        string byDigest = await RunAsync(server, "audit", digest), byName = await RunAsync(server, "audit", done.Name);
        Assert.Contains("it looked for, and did not find:\n", byDigest, StringComparison.Ordinal);
        Assert.Contains("  /usr/share/no-such-file\n", byDigest, StringComparison.Ordinal);
        Assert.Equal(byDigest, byName);
        string shown = await RunAsync(server, "operations", "show", done.Name);
        Assert.Contains("its action was audited:\n", shown, StringComparison.Ordinal);
        Assert.Contains("  it read 0 of 0 input files\n", shown, StringComparison.Ordinal);

        Operation other = await ShellActions.ExecuteAsync(channel, "true").LastAsync(TestContext.Current.CancellationToken);
        Assert.Contains("was not audited", await RunAsync(server, expected: 1, "audit", other.Name), StringComparison.Ordinal);
        Assert.DoesNotContain("audited", await RunAsync(server, "operations", "show", other.Name), StringComparison.Ordinal);
    }

    private static Task<string> RunAsync(ServerProcess server, params string[] arguments) => RunAsync(server, expected: 0, arguments);

    private static async Task<string> RunAsync(ServerProcess server, int expected, params string[] arguments)
    {
        await using ChildProcess program = ChildProcess.Start(ServerProcess.Program, [.. arguments, "--server", server.GrpcAddress]);
        Assert.Equal(expected, await program.WaitForExitAsync());
        return program.Output;
    }
}
