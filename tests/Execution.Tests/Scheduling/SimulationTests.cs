using RemoteExec.Benchmarks.Scheduling.Simulation;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>The scheduler with a whole fleet, in a time that is made up: what must hold however many there are.</summary>
public sealed class SimulationTests
{
    [Fact]
    public void Ten_thousand_workers_run_a_million_actions_each_of_which_is_stored_once_and_no_build_starves()
    {
        var fleet = new FleetOptions();

        FleetResult result = FleetSimulation.Run(fleet);

        TestContext.Current.SendDiagnosticMessage(FleetReport.ToText(fleet, result));
        Assert.All(result.Builds, build => Assert.Equal(build.Actions, build.Done));
        Assert.Equal((fleet.Actions, 0), (result.Stored, result.StoredTwice));
        Assert.InRange(result.Attempts, fleet.Actions, fleet.Actions * 1.02);
        Assert.True(result.Vanished > 100 && result.LateResults > 0 && result.Quarantines > 0, "what was to go wrong went wrong");

        // A small build's time is that of its own actions, however much the large ones have waiting.
        Assert.All(result.Builds.Where(build => build.Actions < 1000), build => Assert.InRange(build.Slowdown(fleet.Workers), 0, 5));
        Assert.InRange(result.Busy, 0.7 * fleet.Workers * result.Length.TotalSeconds, fleet.Workers * result.Length.TotalSeconds);
    }
}
