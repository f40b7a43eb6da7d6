using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>When operations share a run.</summary>
public sealed class MergingTests
{
    private readonly SchedulerDriver driver = new();

    [Fact]
    [Rule("EXE-16")]
    public void A_more_urgent_client_makes_the_shared_run_more_urgent()
    {
        driver.Execute(1, priority: 5);
        driver.Execute(2, priority: 3);
        driver.Execute(1, priority: 0);

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("a")));
    }

    [Fact]
    [Rule("EXE-09")]
    [Rule("Q-14")]
    public void Operations_on_the_same_action_share_one_run_even_if_they_skip_the_cache()
    {
        OperationName first = driver.Execute(1);
        OperationName second = driver.Execute(1, skipCache: true);
        Lease lease = driver.Take("a");
        OperationName third = driver.Execute(1);
        long idle = driver.Idle("b");

        driver.Complete("a", lease.Id);
        driver.RecordLast();

        Assert.DoesNotContain(idle, driver.Answers);
        Assert.All([first, second, third], operation => Assert.True(driver.States[operation].IsDone));
        Assert.NotEqual(first, second);
    }

    [Fact]
    [Rule("EXE-09")]
    public void A_client_that_skips_the_cache_does_not_get_a_result_that_may_be_visible_already()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Complete("a", lease.Id);

        OperationName skipping = driver.Execute(1, skipCache: true);
        driver.RecordLast();

        Assert.False(driver.States[skipping].IsDone);
        Assert.NotEqual(lease.Id, driver.Take("b").Id);
    }

    [Fact]
    [Rule("EXE-10")]
    [Rule("ACT-04")]
    [Rule("Q-14")]
    public void Actions_that_must_not_be_cached_are_not_merged_and_not_stored()
    {
        OperationName first = driver.Execute(1, doNotCache: true);
        OperationName second = driver.Execute(1, doNotCache: true);
        Lease a = driver.Take("a");
        Lease b = driver.Take("b");
        driver.Complete("a", a.Id);
        driver.RecordLast();

        Assert.NotEqual(a.Id, b.Id);
        Assert.True(driver.States[first].IsDone);
        Assert.False(driver.States[second].IsDone);
        Assert.False(Assert.Single(driver.Records).Store);
    }

    [Fact]
    public void A_refused_result_joins_the_run_that_another_client_has_started_meanwhile()
    {
        OperationName first = driver.Execute(1);
        driver.Complete("a", driver.Take("a").Id);
        OperationName skipping = driver.Execute(1, skipCache: true);

        driver.Apply(new SchedulerEvent.ResultRefused(driver.Records[^1].ExecutionId, "no outputs"));
        Lease lease = driver.Take("b");
        long other = driver.Idle("c");
        driver.Complete("b", lease.Id);
        driver.RecordLast();

        Assert.DoesNotContain(other, driver.Answers);
        Assert.All([first, skipping], operation => Assert.True(driver.States[operation].IsDone));
    }
}
