namespace RemoteExec.EndToEnd.Tests.Telemetry;

/// <summary>The rules for Prometheus, by its own tool.</summary>
public sealed class AlertRuleTests
{
    [Theory]
    [InlineData("check", "remoteexec.rules.yaml")]
    [InlineData("test", "remoteexec.rules.test.yaml")]
    public async Task Rules_are_well_made_and_do_what_they_should(string command, string file)
    {
        Requires.Program("promtool", "prometheus");

        await using ChildProcess promtool = ChildProcess.Start("promtool", [command, "rules", file], directory: Repository.Path("deploy", "prometheus"));

        Assert.True(await promtool.WaitForExitAsync() == 0, promtool.Output);
    }
}
