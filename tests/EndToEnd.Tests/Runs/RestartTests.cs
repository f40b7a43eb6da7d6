using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Runs;

/// <summary>A command that is run while its server is not there all the time.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task A_server_that_is_killed_and_started_again_takes_the_command_up_again()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        using var user = new TreeUser(server);
        await using ChildProcess run = user.Start("run", "-q", "--output", "made", "--", "sh", "-c", "echo begun; sleep 3; echo ended; echo content >made");
        await run.WaitForOutputAsync(output => output.Contains("begun\n", StringComparison.Ordinal), "the first line");

        await server.KillAsync();
        await server.StartAgainAsync();
        int code = await run.WaitForExitAsync();

        Assert.True(code == 0, run.Output);
        Assert.EndsWith("begun\nended\n", run.Results, StringComparison.Ordinal); // and what the run before had written, above
        Assert.Equal("content\n", File.ReadAllText(user["made"]));
    }
}
