using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>Which worker gets which action.</summary>
public sealed class PlatformTests
{
    private static readonly Reapi.Platform linux = SchedulerDriver.Platform(("OSFamily", "linux"));
    private static readonly Reapi.Platform linuxGpu = SchedulerDriver.Platform(("OSFamily", "linux"), ("gpu", "yes"));
    private readonly SchedulerDriver driver = new();

    [Fact]
    [Rule("PLT-01")]
    public void No_slot_gets_what_it_does_not_offer()
    {
        long plain = driver.Idle("plain", linux);
        long gpu = driver.Idle("gpu", linuxGpu);
        driver.Execute(1, linuxGpu);

        Assert.DoesNotContain(plain, driver.Answers);
        Assert.NotNull(driver.Answers[gpu]);
    }

    [Fact]
    [Rule("Q-35")]
    [Rule("PLT-02")]
    public void A_worker_may_offer_more_than_is_asked_for_and_several_values()
    {
        Reapi.Platform offered = SchedulerDriver.Platform(("ISA", "x86-64"), ("ISA", "x86-avx2"), ("OSFamily", "linux"), ("pool", "*"));
        driver.Execute(1, SchedulerDriver.Platform(("OSFamily", "linux")));
        driver.Execute(2, SchedulerDriver.Platform(("pool", "whatever"), ("ISA", "x86-avx2"), ("ISA", "x86-64")));
        driver.Execute(3);

        Assert.Equal([1, 2, 3], new[] { "a", "b", "c" }.Select(slot => SchedulerDriver.NumberOf(driver.Take(slot, offered))));
    }

    [Fact]
    [Rule("PLT-03")]
    public void Names_and_values_are_case_sensitive()
    {
        driver.Idle("a", linux);

        OperationName value = driver.Execute(1, SchedulerDriver.Platform(("OSFamily", "Linux")));
        OperationName name = driver.Execute(2, SchedulerDriver.Platform(("osfamily", "linux")));

        Assert.Equal(FailureKind.NoWorker, driver.FailureOf(value).Kind);
        Assert.Equal(FailureKind.InvalidAction, driver.FailureOf(name).Kind);
    }

    [Fact]
    [Rule("PLT-01")]
    public void What_nobody_connected_can_run_fails_at_once_and_names_the_property()
    {
        driver.Idle("a", linux);
        driver.Idle("b", SchedulerDriver.Platform(("OSFamily", "windows"), ("gpu", "yes")));

        Outcome.Failed unknown = driver.FailureOf(driver.Execute(1, SchedulerDriver.Platform(("color", "red"))));
        Outcome.Failed value = driver.FailureOf(driver.Execute(2, SchedulerDriver.Platform(("OSFamily", "macos"))));
        Outcome.Failed together = driver.FailureOf(driver.Execute(3, linuxGpu));

        Assert.Equal(FailureKind.InvalidAction, unknown.Kind);
        Assert.Contains("'color'", unknown.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.NoWorker, value.Kind);
        Assert.Contains("OSFamily=macos", value.Message, StringComparison.Ordinal);
        Assert.Contains("linux, windows", value.Message, StringComparison.Ordinal);
        Assert.Equal(FailureKind.NoWorker, together.Kind);
        Assert.Contains("gpu=yes", together.Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("EXE-04")]
    [Rule("PLT-01")]
    public void Without_any_worker_an_action_waits_and_then_fails()
    {
        OperationName first = driver.Execute(1, linux);
        driver.Advance(driver.Options.NoWorkerTimeout / 2);
        OperationName second = driver.Execute(2, linux);

        driver.Advance(driver.Options.NoWorkerTimeout / 2);
        Assert.Equal(FailureKind.NoWorker, driver.FailureOf(first).Kind);
        Assert.False(driver.States[second].IsDone);
        driver.Advance(driver.Options.NoWorkerTimeout / 2);

        Assert.Contains("OSFamily=linux", driver.FailureOf(second).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Rule("PLT-01")]
    public void A_worker_that_came_and_went_gives_all_that_wait_their_time_anew_and_later_ones_their_own()
    {
        TimeSpan third = driver.Options.NoWorkerTimeout / 3;
        OperationName[] early = [driver.Execute(1, linux), driver.Execute(2, linux)];
        driver.Advance(third);
        OperationName between = driver.Execute(3, linux);
        driver.Advance(third);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("a", linux)));
        driver.Leave("a", linux);
        driver.Advance(third);
        OperationName late = driver.Execute(4, linux);

        driver.Advance((2 * third) - TimeSpan.FromTicks(1));
        Assert.DoesNotContain(driver.States.Values, state => state.IsDone);
        driver.Advance(TimeSpan.FromTicks(1));
        Assert.All([.. early, between], operation => Assert.Equal(FailureKind.NoWorker, driver.FailureOf(operation).Kind));
        driver.Advance(third - TimeSpan.FromTicks(1));
        Assert.False(driver.States[late].IsDone);
        driver.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(FailureKind.NoWorker, driver.FailureOf(late).Kind);
    }

    [Fact]
    [Rule("PLT-01")]
    public void A_worker_that_went_away_lately_is_waited_for()
    {
        driver.Idle("a", linux);
        driver.Idle("b", SchedulerDriver.Platform(("OSFamily", "windows")));
        driver.Leave("a", linux);
        OperationName operation = driver.Execute(1, linux);

        driver.Advance(TimeSpan.FromSeconds(30));
        driver.Idle("b", SchedulerDriver.Platform(("OSFamily", "windows")));
        Assert.False(driver.States[operation].IsDone);

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("c", linux)));
    }

    [Fact]
    public void What_asks_for_little_leaves_able_workers_free()
    {
        long able = driver.Idle("able", linuxGpu);
        long plain = driver.Idle("plain", linux);

        driver.Execute(1, linux);
        driver.Execute(2, linuxGpu);

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Answers[plain]!));
        Assert.Equal(2, SchedulerDriver.NumberOf(driver.Answers[able]!));
    }

    [Fact]
    public void A_slot_that_changes_its_platform_is_another_slot()
    {
        OperationName operation = driver.Execute(1, linux);
        Lease lease = driver.Take("a", linux);

        long poll = driver.Executing("a", lease.Id, SchedulerDriver.Platform(("os", "bsd")));

        Assert.Null(driver.Answers[poll]);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("a", linuxGpu)));
        Assert.False(driver.States[operation].IsDone);
    }
}
