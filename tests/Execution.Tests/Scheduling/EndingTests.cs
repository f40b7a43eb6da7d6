using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>How operations end before their time, and what remains of them.</summary>
public sealed class EndingTests
{
    private readonly SchedulerDriver driver = new();

    [Fact]
    [Rule("OPS-02")]
    [Rule("Q-23")]
    public void Cancelling_one_operation_leaves_the_others_their_run()
    {
        OperationName first = driver.Execute(1);
        OperationName second = driver.Execute(1);
        Lease lease = driver.Take("a");
        long poll = driver.Executing("a", lease.Id);

        driver.Apply(new SchedulerEvent.OperationCancelled(first));

        Assert.Equal(FailureKind.Cancelled, driver.FailureOf(first).Kind);
        Assert.False(driver.States[second].IsDone);
        Assert.DoesNotContain(poll, driver.Answers);
    }

    [Fact]
    [Rule("OPS-02")]
    public void Cancelling_the_last_operation_stops_the_run()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        long poll = driver.Executing("a", lease.Id);

        driver.Apply(new SchedulerEvent.OperationCancelled(operation));

        Assert.Null(driver.Answers[poll]);
        Assert.Equal(0, driver.Scheduler.ExecutionsInFlight);
    }

    [Fact]
    [Rule("OPS-02")]
    public void A_cancelled_action_is_not_given_to_a_worker()
    {
        OperationName operation = driver.Execute(1);
        driver.Apply(new SchedulerEvent.OperationCancelled(operation));

        long poll = driver.Idle("a");

        Assert.DoesNotContain(poll, driver.Answers);
    }

    [Fact]
    [Rule("Q-10")]
    public void A_done_operation_never_changes()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Apply(new SchedulerEvent.OperationCancelled(operation));
        int published = driver.Published.Count;

        driver.Complete("a", lease.Id);
        driver.Apply(new SchedulerEvent.OperationCancelled(operation));
        driver.Prepare(operation, 1);
        driver.Apply(new SchedulerEvent.OperationAnswered(operation, new Outcome.Answered(new Reapi.ExecuteResponse())));

        Assert.Equal(published, driver.Published.Count);
        Assert.Equal(FailureKind.Cancelled, driver.FailureOf(operation).Kind);
    }

    [Fact]
    [Rule("EXE-19")]
    [Rule("Q-23")]
    public void A_run_that_nobody_waits_for_is_stopped_after_a_grace_period()
    {
        OperationName first = driver.Execute(1);
        OperationName second = driver.Execute(1);
        driver.Take("a");

        driver.Apply(new SchedulerEvent.WaiterLeft(first));
        driver.Advance(driver.Options.AbandonedGrace * 1.5);
        Assert.False(driver.States[first].IsDone);
        driver.Apply(new SchedulerEvent.WaiterLeft(second));
        driver.Advance(driver.Options.AbandonedGrace - TimeSpan.FromTicks(1));
        Assert.False(driver.States[second].IsDone);
        driver.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(FailureKind.Abandoned, driver.FailureOf(first).Kind);
        Assert.Equal(FailureKind.Abandoned, driver.FailureOf(second).Kind);
        Assert.Equal(0, driver.Scheduler.ExecutionsInFlight);
    }

    [Fact]
    [Rule("EXE-19")]
    public void A_run_stops_when_the_last_who_waited_cancels_and_the_others_are_long_gone()
    {
        OperationName gone = driver.Execute(1);
        OperationName waiting = driver.Execute(1);
        driver.Take("a");
        driver.Apply(new SchedulerEvent.WaiterLeft(gone));
        driver.Advance(driver.Options.AbandonedGrace);
        Assert.False(driver.States[gone].IsDone);

        driver.Apply(new SchedulerEvent.OperationCancelled(waiting));

        Assert.Equal(FailureKind.Abandoned, driver.FailureOf(gone).Kind);
        Assert.Equal(0, driver.Scheduler.ExecutionsInFlight);
    }

    [Fact]
    [Rule("EXE-19")]
    public void An_action_whose_client_left_long_before_it_was_read_is_not_queued()
    {
        OperationName operation = driver.Start(1);
        driver.Apply(new SchedulerEvent.WaiterLeft(operation));
        driver.Advance(driver.Options.AbandonedGrace);

        driver.Prepare(operation, 1);

        Assert.Equal(FailureKind.Abandoned, driver.FailureOf(operation).Kind);
    }

    [Fact]
    [Rule("EXE-19")]
    public void A_client_that_comes_back_in_time_keeps_the_run_going()
    {
        OperationName operation = driver.Execute(1);
        driver.Apply(new SchedulerEvent.WaiterLeft(operation));
        driver.Advance(driver.Options.AbandonedGrace / 2);
        driver.Apply(new SchedulerEvent.WaiterJoined(operation));
        driver.Advance(driver.Options.AbandonedGrace / 2);

        Assert.False(driver.States[operation].IsDone);
    }

    [Fact]
    [Rule("WEX-03")]
    public void A_done_operation_is_kept_for_some_time()
    {
        OperationName operation = driver.Start(1);
        driver.Apply(new SchedulerEvent.OperationAnswered(operation, new Outcome.Answered(new Reapi.ExecuteResponse())));

        driver.Advance(driver.Options.Retention - TimeSpan.FromTicks(1));
        Assert.Contains(operation, driver.States);
        driver.Advance(TimeSpan.FromTicks(1));

        Assert.DoesNotContain(operation, driver.States);
    }

    [Fact]
    public void The_oldest_done_operations_go_first_when_there_are_too_many()
    {
        var small = new SchedulerDriver(new ExecutionOptions { MaxRetainedOperations = 2 });
        OperationName[] operations = [.. Enumerable.Range(0, 3).Select(i => small.Start(i))];
        foreach (OperationName operation in operations)
            small.Apply(new SchedulerEvent.OperationAnswered(operation, new Outcome.Answered(new Reapi.ExecuteResponse())));

        Assert.Equal([operations[1], operations[2]], small.States.Keys);
    }

    [Fact]
    public void The_scheduler_remembers_no_more_done_operations_than_it_may()
    {
        var small = new SchedulerDriver(new ExecutionOptions { MaxRetainedOperations = 2 });
        for (int i = 0; i < 100; i++)
        {
            small.Apply(new SchedulerEvent.OperationAnswered(small.Start(i), new Outcome.Answered(new Reapi.ExecuteResponse())));
            small.Advance(TimeSpan.FromMilliseconds(1));
        }

        int alarms = 0;
        for (; small.Scheduler.NextAlarm is { } alarm; alarms++)
            small.Advance(alarm - small.Now);

        Assert.Empty(small.States);
        Assert.InRange(alarms, 1, 3); // those two, and one of earlier days
    }

    [Fact]
    [Rule("OPS-03")]
    public void A_deleted_operation_is_gone_and_its_run_stops_if_it_was_the_last()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        long poll = driver.Executing("a", lease.Id);

        driver.Apply(new SchedulerEvent.OperationDeleted(operation));

        Assert.DoesNotContain(operation, driver.States);
        Assert.Null(driver.Answers[poll]);
    }

    [Fact]
    [Rule("EXE-04")]
    public void Too_many_operations_are_refused()
    {
        var small = new SchedulerDriver(new ExecutionOptions { MaxUnfinishedOperations = 1 });
        small.Start(1);

        Assert.Equal(FailureKind.QueueFull, small.FailureOf(small.Start(2)).Kind);
    }

    [Fact]
    public void Draining_ends_what_waits_and_lets_run_what_runs()
    {
        OperationName running = driver.Execute(1);
        Lease lease = driver.Take("a");
        OperationName queued = driver.Execute(2);
        OperationName preparing = driver.Start(3);

        driver.Apply(new SchedulerEvent.DrainStarted());
        OperationName late = driver.Start(4);
        long poll = driver.Complete("a", lease.Id);
        driver.RecordLast();

        Assert.All([queued, preparing, late], operation => Assert.Equal(FailureKind.ShuttingDown, driver.FailureOf(operation).Kind));
        Assert.IsType<Outcome.Answered>(driver.States[running].Outcome);
        Assert.Null(driver.Answers[poll]);
    }

    [Fact]
    public void Stopping_ends_everything_and_answers_every_post()
    {
        OperationName running = driver.Execute(1);
        Lease lease = driver.Take("a");
        long executing = driver.Executing("a", lease.Id);
        long idle = driver.Idle("b");

        driver.Apply(new SchedulerEvent.Stopped());

        Assert.Equal(FailureKind.ShuttingDown, driver.FailureOf(running).Kind);
        Assert.Null(driver.Answers[executing]);
        Assert.Null(driver.Answers[idle]);
    }
}
