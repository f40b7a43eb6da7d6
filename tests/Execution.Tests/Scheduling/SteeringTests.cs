using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>Workers out of service, workers that fail, and actions that take too long.</summary>
public sealed class SteeringTests
{
    private readonly SchedulerDriver driver = new(new ExecutionOptions { QuarantineAfter = 3, HedgeFactor = 3, HedgeAfter = TimeSpan.FromSeconds(10) });

    [Fact]
    public void A_drained_worker_ends_what_it_runs_and_gets_nothing_new()
    {
        OperationName first = driver.Execute(1);
        Lease lease = driver.Take("a/1", worker: "a");
        long idle = driver.Idle("a/2", worker: "a");

        Drain("a");
        driver.Execute(2);
        long answer = driver.Complete("a/1", lease.Id, worker: "a");
        driver.RecordLast();

        Assert.DoesNotContain(idle, driver.Answers);
        Assert.Null(driver.Answers[answer]);
        Assert.True(driver.States[first].IsDone);
        Assert.Equal(2, SchedulerDriver.NumberOf(driver.Take("b")));
    }

    [Fact]
    public void A_worker_that_is_taken_back_into_service_gets_what_waits()
    {
        long idle = driver.Idle("a");
        Drain("a*");
        driver.Execute(1);

        Drain("a*", undo: true);

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Answers[idle]!));
    }

    [Fact]
    public void A_worker_that_comes_later_is_drained_as_well()
    {
        Drain("a*");
        driver.Execute(1);

        long idle = driver.Idle("a2");

        Assert.DoesNotContain(idle, driver.Answers);
    }

    [Fact]
    public void What_still_runs_on_a_drained_worker_after_its_grace_is_given_to_another()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long running = driver.Executing("a", lease.Id);

        driver.Apply(new SchedulerEvent.WorkersDrained("a", Undo: false, Grace: TimeSpan.FromSeconds(15)));
        driver.Advance(TimeSpan.FromSeconds(15));

        Assert.Null(driver.Answers[running]);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("b")));
    }

    [Fact]
    public void A_worker_on_which_all_attempts_fail_gets_nothing_for_a_while()
    {
        driver.Idle("b");
        driver.Idle("c");
        FailOn("a", 3);

        long idle = driver.Idle("a");
        driver.Execute(50);
        driver.Execute(51);
        driver.Execute(52);
        bool hadNone = !driver.Answers.ContainsKey(idle);
        driver.Advance(driver.Options.QuarantineTime);

        Assert.Contains("?a", driver.Workers);
        Assert.True(hadNone);
        Assert.NotNull(driver.Take("a"));
    }

    [Fact]
    public void The_only_worker_is_never_put_into_quarantine()
    {
        FailOn("a", 10);

        Assert.DoesNotContain("?a", driver.Workers);
    }

    [Fact]
    public void A_worker_that_does_well_in_between_is_not_put_into_quarantine()
    {
        driver.Idle("b");
        driver.Idle("c");
        FailOn("a", 2);
        TryOn("a", 70, lease => driver.Complete("a", lease.Id));

        FailOn("a", 2);

        Assert.DoesNotContain("?a", driver.Workers);
    }

    [Fact]
    public void An_action_that_takes_far_longer_than_others_like_it_is_tried_elsewhere_and_the_first_result_counts()
    {
        Learn("Test", seconds: 2);
        OperationName operation = driver.ExecuteFor("b", 1, mnemonic: "Test");
        Lease slow = driver.Take("slow");
        driver.Executing("slow", slow.Id);

        driver.Advance(driver.Options.PollInterval);
        long other = driver.Idle("other");
        long late = driver.Executing("slow", slow.Id);
        Lease second = driver.Answers[other]!;
        driver.Complete("other", second.Id);
        driver.RecordLast();

        Assert.Equal(1, SchedulerDriver.NumberOf(second));
        Assert.Null(driver.Answers[late]);
        Assert.True(driver.States[operation].IsDone);
        Assert.Single(driver.Records, record => record.ActionDigest == SchedulerDriver.DigestOf(1));
    }

    [Fact]
    public void Of_two_attempts_at_once_one_that_fails_leaves_it_to_the_other()
    {
        Learn("Test", seconds: 2);
        OperationName operation = driver.ExecuteFor("b", 1, mnemonic: "Test");
        Lease slow = driver.Take("slow");
        driver.Executing("slow", slow.Id);
        driver.Advance(driver.Options.PollInterval);
        driver.Idle("other");
        driver.Executing("slow", slow.Id);
        Lease second = driver.Answers.Values.OfType<Lease>().Last(lease => lease.Id != slow.Id);

        driver.Fail("other", second.Id, retryable: true);
        long running = driver.Executing("slow", slow.Id);
        bool goesOn = !driver.Answers.ContainsKey(running);
        driver.Complete("slow", slow.Id);
        driver.RecordLast();

        Assert.True(goesOn);
        Assert.True(driver.States[operation].IsDone);
    }

    [Fact]
    public void An_attempt_that_goes_on_far_beyond_its_timeout_is_given_up()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        TimeSpan whole = TimeSpan.FromMinutes(1) + driver.Options.LeaseOverrun;
        for (TimeSpan passed = TimeSpan.Zero; passed <= whole; passed += driver.Options.PollInterval)
        {
            driver.Executing("a", lease.Id);
            driver.Advance(driver.Options.PollInterval);
        }

        long last = driver.Executing("a", lease.Id);

        Assert.Null(driver.Answers[last]);
        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("b")));
    }

    private void Drain(string name, bool undo = false) => driver.Apply(new SchedulerEvent.WorkersDrained(name, undo, Grace: null));

    private void FailOn(string worker, int times)
    {
        for (int i = 0; i < times; i++)
            TryOn(worker, 100 + i, lease => driver.Fail(worker, lease.Id, retryable: true));
    }

    private void TryOn(string worker, int action, Action<Lease> end)
    {
        Drain("b");
        Drain("c");
        OperationName operation = driver.Execute(action);
        end(driver.Take(worker));
        driver.Apply(new SchedulerEvent.OperationCancelled(operation));
        Drain("b", undo: true);
        Drain("c", undo: true);
    }

    private void Learn(string mnemonic, double seconds)
    {
        driver.ExecuteFor("b", 99, mnemonic: mnemonic);
        Lease lease = driver.Take("teacher");
        var used = new Usage { WallTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)), CpuTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)) };
        driver.Complete("teacher", lease.Id, usage: used, leaving: true);
        driver.RecordLast();
    }
}
