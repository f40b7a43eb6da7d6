using FsCheck;
using FsCheck.Fluent;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>Random histories of clients, workers, storage and time; <see cref="SchedulerWorld"/> checks after each what must always hold.</summary>
public sealed class SchedulerProperties
{
    /// <summary>How many histories are tried; more than by default with the environment variable REMOTEEXEC_SCHEDULER_LISTS.</summary>
    private static int Lists => int.TryParse(Environment.GetEnvironmentVariable("REMOTEEXEC_SCHEDULER_LISTS"), out int lists) ? lists : 10_000;

    private static readonly Gen<Step[]> histories =
        from length in Gen.Choose(1, 150)
        from steps in Gen.ArrayOf(
            from kind in Gen.Elements(Enum.GetValues<StepKind>())
            from which in Gen.Choose(0, 11)
            from how in Gen.Choose(0, 7)
            select new Step(kind, which, how),
            length)
        select steps;

    [Fact]
    [Rule("EXE-02")]
    [Rule("EXE-09")]
    [Rule("EXE-10")]
    [Rule("PLT-01")]
    [Rule("Q-10")]
    [Rule("Q-31")]
    public void Whatever_happens_the_rules_hold_and_every_operation_ends_when_workers_come() =>
        Prop.ForAll(Arb.From(histories, Shrink), steps =>
        {
            var world = new SchedulerWorld(hedges: steps.Length % 2 == 0);
            foreach (Step step in steps)
                world.Take(step);
            world.Settle();
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Lists));

    [Fact]
    public void The_same_history_has_the_same_effects() =>
        Prop.ForAll(Arb.From(histories, Shrink), steps =>
        {
            var first = new SchedulerWorld(hedges: false);
            var second = new SchedulerWorld(hedges: false);
            foreach (Step step in steps)
            {
                first.Take(step);
                second.Take(step);
            }

            Assert.Equal(first.Log, second.Log);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // First halves, then single steps left out.
    private static IEnumerable<Step[]> Shrink(Step[] steps)
    {
        for (int length = steps.Length / 2; length >= 1; length /= 2)
        {
            for (int start = 0; start + length <= steps.Length; start += length)
                yield return [.. steps[..start], .. steps[(start + length)..]];
        }
    }
}
