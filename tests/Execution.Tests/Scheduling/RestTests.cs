using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>An action whose attempt failed rests before the next one: what is wrong may be wrong everywhere, and over soon.</summary>
public sealed class RestTests
{
    private static readonly TimeSpan tick = TimeSpan.FromTicks(1);
    private readonly SchedulerDriver driver = new();

    [Fact]
    public void A_failed_action_waits_although_workers_are_idle()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        long idle = driver.Idle("b");

        driver.Fail("a", lease.Id, retryable: true);
        driver.Advance((driver.Options.RetryDelay / 2) - tick);
        Assert.DoesNotContain(idle, driver.Answers);
        driver.PassRest();

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Answers[idle]!));
    }

    [Fact]
    public void The_scheduler_asks_to_be_woken_when_a_rest_is_over()
    {
        driver.Execute(1);
        driver.Fail("a", driver.Take("a").Id, retryable: true);

        Assert.InRange(driver.Scheduler.NextAlarm!.Value - driver.Now, driver.Options.RetryDelay / 2, driver.Options.RetryDelay);
    }

    [Fact]
    public void Others_overtake_an_action_that_rests()
    {
        driver.Execute(1, priority: -10);
        driver.Execute(2);
        driver.Execute(3);
        Lease failing = driver.Take("a");

        long next = driver.Fail("a", failing.Id, retryable: true);
        Lease other = driver.Take("b");

        Assert.Equal([2, 3], new[] { driver.Answers[next]!, other }.Select(SchedulerDriver.NumberOf));
    }

    [Fact]
    public void A_rested_action_has_its_old_place_in_the_queue()
    {
        driver.Execute(1);
        driver.Fail("a", driver.Take("a").Id, retryable: true);
        driver.Leave("a");
        driver.Execute(2);
        driver.PassRest();

        Assert.Equal(1, SchedulerDriver.NumberOf(driver.Take("b")));
    }

    [Fact]
    public void Each_rest_is_up_to_twice_as_long_and_none_longer_than_the_bound()
    {
        var options = new ExecutionOptions { MaxAttempts = 8, RetryDelay = TimeSpan.FromSeconds(1), LongestRetryDelay = TimeSpan.FromSeconds(10) };
        var patient = new SchedulerDriver(options);
        patient.Execute(1);
        var rests = new List<TimeSpan>();

        for (int attempt = 1; attempt < options.MaxAttempts; attempt++)
        {
            patient.Fail("a", patient.Take("a").Id, retryable: true);
            DateTimeOffset failed = patient.Now;
            long poll = patient.Idle("a");
            while (!patient.Answers.ContainsKey(poll))
                patient.Advance(patient.Scheduler.NextAlarm!.Value - patient.Now);
            rests.Add(patient.Now - failed);
        }

        foreach ((TimeSpan rest, int most) in rests.Zip([1, 2, 4, 8, 10, 10, 10]))
            Assert.InRange(rest, TimeSpan.FromSeconds(most) / 2, TimeSpan.FromSeconds(most));
    }

    [Fact]
    public void Actions_that_fail_together_do_not_come_back_together()
    {
        const int Actions = 50;
        var leases = new List<Lease>();
        for (int i = 0; i < Actions; i++)
        {
            driver.Execute(i);
            leases.Add(driver.Take($"slot{i}"));
        }

        for (int i = 0; i < Actions; i++)
            driver.Fail($"slot{i}", leases[i].Id, retryable: true);
        for (int i = 0; i < Actions; i++)
            driver.Idle($"slot{i}");
        int leasesBefore = driver.LeasesGiven;
        for (int i = 1; i <= Actions; i++)
        {
            driver.Advance(driver.Scheduler.NextAlarm!.Value - driver.Now);

            Assert.Equal(leasesBefore + i, driver.LeasesGiven);
        }
    }

    [Fact]
    public void The_action_of_a_lost_worker_goes_to_another_at_once()
    {
        driver.Execute(1);
        driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration - tick);
        long idle = driver.Idle("b");

        driver.Advance(tick);

        Assert.NotNull(driver.Answers[idle]);
    }

    [Fact]
    public void A_client_that_comes_later_shares_the_rest()
    {
        driver.Execute(1);
        driver.Fail("a", driver.Take("a").Id, retryable: true);

        OperationName later = driver.Execute(1);
        long idle = driver.Idle("b");

        Assert.DoesNotContain(idle, driver.Answers);
        Assert.Equal(Stage.Executing, driver.States[later].Stage);
    }

    [Fact]
    public void An_action_that_is_cancelled_while_it_rests_is_not_run()
    {
        OperationName operation = driver.Execute(1);
        driver.Fail("a", driver.Take("a").Id, retryable: true);

        driver.Apply(new SchedulerEvent.OperationCancelled(operation));
        driver.PassRest();
        long idle = driver.Idle("b");

        Assert.DoesNotContain(idle, driver.Answers);
        Assert.Equal(0, driver.Scheduler.ExecutionsInFlight);
    }

    [Fact]
    public void A_server_that_shuts_down_does_not_wait_for_what_rests()
    {
        OperationName operation = driver.Execute(1);
        driver.Fail("a", driver.Take("a").Id, retryable: true);

        driver.Apply(new SchedulerEvent.DrainStarted());

        Assert.Equal(FailureKind.ShuttingDown, driver.FailureOf(operation).Kind);
        Assert.Equal(0, driver.Scheduler.ExecutionsInFlight);
    }
}
