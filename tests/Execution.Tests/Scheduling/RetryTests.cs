using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>What happens when workers fail, vanish or come back.</summary>
public sealed class RetryTests
{
    private readonly SchedulerDriver driver = new();

    [Fact]
    public void A_lost_worker_makes_another_run_the_action()
    {
        OperationName operation = driver.Execute(1);
        Lease first = driver.Take("a");

        driver.Advance(driver.Options.LeaseDuration);
        Lease second = driver.Take("b");
        driver.Complete("b", second.Id);
        driver.RecordLast();

        Assert.NotEqual(first.Id, second.Id);
        Assert.True(driver.States[operation].IsDone);
    }

    [Fact]
    public void A_slot_that_keeps_posting_keeps_its_lease()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");

        for (int i = 0; i < 20; i++)
        {
            long poll = driver.Executing("a", lease.Id);
            driver.Advance(driver.Options.PollInterval);
            Assert.Equal(lease.Id, driver.Answers[poll]?.Id);
        }
    }

    [Fact]
    public void A_slot_whose_lease_another_has_is_told_to_stop()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);
        driver.Take("b");

        long late = driver.Executing("a", lease.Id);

        Assert.Null(driver.Answers[late]);
        Assert.Empty(driver.Records);
    }

    [Fact]
    public void A_slot_that_comes_back_goes_on_with_what_nobody_else_has_begun()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);

        driver.Executing("a", lease.Id);
        long other = driver.Idle("b");
        driver.Complete("a", lease.Id);
        driver.RecordLast();

        Assert.Null(driver.Answers.GetValueOrDefault(other));
        Assert.Equal(1, driver.LeasesGiven);
        Assert.True(driver.States[operation].IsDone);
    }

    [Fact]
    public void A_result_that_comes_late_counts_while_somebody_waits_for_it()
    {
        OperationName operation = driver.Execute(1);
        Lease first = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);
        Lease second = driver.Take("b");
        long running = driver.Executing("b", second.Id);

        driver.Complete("a", first.Id);
        driver.RecordLast();

        Assert.True(driver.States[operation].IsDone);
        Assert.Equal("a", driver.Records.Single().Response.Result.ExecutionMetadata.Worker);
        Assert.Null(driver.Answers[running]);
    }

    [Fact]
    public void A_result_that_comes_when_the_other_has_one_is_of_no_use()
    {
        driver.Execute(1);
        Lease first = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);
        Lease second = driver.Take("b");
        driver.Complete("b", second.Id);

        driver.Complete("a", first.Id);

        Assert.Single(driver.Records);
    }

    [Fact]
    public void A_failure_that_comes_late_changes_nothing()
    {
        driver.Execute(1);
        Lease first = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);
        Lease second = driver.Take("b");

        driver.Fail("a", first.Id, retryable: false);
        long running = driver.Executing("b", second.Id);

        Assert.DoesNotContain(running, driver.Answers);
    }

    [Fact]
    public void A_broken_connection_gives_a_slot_little_time()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long poll = driver.Executing("a", lease.Id);
        driver.Apply(new SchedulerEvent.PollBroken("a", poll));

        driver.Advance(driver.Options.ReconnectTime - TimeSpan.FromTicks(1));
        long waiting = driver.Idle("b");
        Assert.DoesNotContain(waiting, driver.Answers);
        driver.Advance(TimeSpan.FromTicks(1));

        Assert.NotNull(driver.Answers[waiting]);
    }

    [Fact]
    public void A_slot_that_reconnects_in_time_goes_on()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long poll = driver.Executing("a", lease.Id);
        driver.Apply(new SchedulerEvent.PollBroken("a", poll));
        driver.Advance(driver.Options.ReconnectTime / 2);

        long again = driver.Executing("a", lease.Id);
        driver.Advance(driver.Options.PollInterval);

        Assert.Equal(lease.Id, driver.Answers[again]?.Id);
    }

    [Fact]
    [Rule("EXE-04")]
    public void An_action_whose_workers_are_lost_again_and_again_fails()
    {
        OperationName operation = driver.Execute(1);

        for (int i = 0; i < driver.Options.MaxAttempts; i++)
        {
            Assert.False(driver.States[operation].IsDone);
            driver.Take($"slot{i}");
            driver.Advance(driver.Options.LeaseDuration);
        }

        Assert.Equal(FailureKind.WorkerLost, driver.FailureOf(operation).Kind);
        Assert.Contains("slot2", driver.FailureOf(operation).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_retryable_failure_goes_to_another_worker_even_if_that_is_busy()
    {
        driver.Execute(1);
        driver.Execute(2);
        Lease failing = driver.Take("a");
        Lease other = driver.Take("b");

        driver.Fail("a", failing.Id, retryable: true);
        driver.PassRest();
        long same = driver.Idle("a");
        long another = driver.Complete("b", other.Id);

        Assert.DoesNotContain(same, driver.Answers);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Answers[another]!));
    }

    [Fact]
    public void A_retryable_failure_goes_to_the_same_worker_if_there_is_no_other()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a1", worker: "a");
        driver.Idle("a2", worker: "a");

        long poll = driver.Fail("a1", lease.Id, retryable: true, worker: "a");
        driver.PassRest();

        Assert.Null(driver.Answers[poll]);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Answers.Values.OfType<Lease>().Last()));
    }

    [Fact]
    public void The_last_failure_is_the_clients()
    {
        OperationName operation = driver.Execute(1);
        for (int i = 1; i <= driver.Options.MaxAttempts; i++)
        {
            driver.Fail("a", driver.Take("a").Id, retryable: true);
            driver.PassRest(i);
        }

        Assert.Equal("disk full", Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome).Response.Status.Message);
    }

    [Fact]
    [Rule("Q-31")]
    public void A_retried_action_is_never_told_to_be_queued_again()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Fail("a", lease.Id, retryable: true);
        OperationName later = driver.Execute(1);

        Assert.Equal(Stage.Executing, driver.States[operation].Stage);
        Assert.DoesNotContain(driver.Published, state => state.Name == later && state.Stage == Stage.Queued);
    }

    [Fact]
    public void A_worker_that_leaves_hands_its_action_back_unharmed()
    {
        OperationName operation = driver.Execute(1);
        for (int i = 0; i < 10; i++)
        {
            driver.Take($"slot{i}");
            driver.Leave($"slot{i}");
        }

        Assert.False(driver.States[operation].IsDone);
        Assert.NotNull(driver.Take("last"));
    }

    [Fact]
    public void Outputs_that_are_not_there_make_the_action_run_again()
    {
        OperationName operation = driver.Execute(1);
        for (int i = 1; i <= driver.Options.MaxAttempts; i++)
        {
            driver.Complete($"slot{i}", driver.Take($"slot{i}").Id);
            driver.Apply(new SchedulerEvent.ResultRefused(driver.Records[^1].ExecutionId, "no outputs"));
            driver.PassRest(i);
        }

        Assert.Equal(FailureKind.Internal, driver.FailureOf(operation).Kind);
        Assert.Equal("no outputs", driver.FailureOf(operation).Message);
    }

    [Fact]
    public void Time_never_runs_backwards()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration / 2);
        driver.Executing("a", lease.Id);

        // A clock that is set back does not make the lease longer or shorter.
        driver.Scheduler.Apply(new SchedulerEvent.TimePassed(), driver.Now - TimeSpan.FromHours(1));
        driver.Advance(driver.Options.LeaseDuration);

        Assert.NotNull(driver.Take("b"));
    }
}
