using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Scheduling;

public sealed class SchedulerTests
{
    private static readonly Reapi.Platform linux = SchedulerDriver.Platform(("OSFamily", "linux"));
    private static readonly Reapi.Platform linuxGpu = SchedulerDriver.Platform(("OSFamily", "linux"), ("gpu", "yes"));
    private readonly SchedulerDriver driver = new();

    [Fact]
    [Rule("EXE-13")]
    public void An_operation_goes_through_its_stages()
    {
        OperationName operation = driver.Start(1);
        Stage first = driver.States[operation].Stage;
        driver.Prepare(operation, 1);
        Stage second = driver.States[operation].Stage;
        Lease lease = driver.Take("a");
        Stage third = driver.States[operation].Stage;
        driver.Complete("a", lease.Id);
        driver.RecordLast();

        Assert.Equal([Stage.CacheCheck, Stage.Queued, Stage.Executing], [first, second, third]);
        Assert.Equal(Stage.Completed, driver.States[operation].Stage);
        Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome);
    }

    [Fact]
    public void A_slot_that_waits_gets_an_action_as_soon_as_there_is_one()
    {
        long poll = driver.Idle("a");
        Assert.DoesNotContain(poll, driver.Answers);

        driver.Execute(1);

        Assert.Equal(SchedulerDriver.DigestOf(1), driver.Answers[poll]?.Action.Digest);
    }

    [Fact]
    public void A_held_post_is_answered_after_the_poll_interval()
    {
        long poll = driver.Idle("a");

        driver.Advance(driver.Options.PollInterval - TimeSpan.FromTicks(1));
        Assert.DoesNotContain(poll, driver.Answers);
        driver.Advance(TimeSpan.FromTicks(1));

        Assert.Null(driver.Answers[poll]);
    }

    [Fact]
    public void A_newer_post_ends_an_older_one()
    {
        long older = driver.Idle("a");
        long newer = driver.Idle("a");

        Assert.Null(driver.Answers[older]);
        Assert.DoesNotContain(newer, driver.Answers);
    }

    [Fact]
    public void A_lost_answer_is_given_again_with_the_same_lease()
    {
        driver.Execute(1);
        Lease first = driver.Take("a");
        Lease second = driver.Take("a");

        Assert.Equal(first.Id, second.Id);
    }

    [Fact]
    public void A_result_that_is_posted_twice_counts_once()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Complete("a", lease.Id);
        long again = driver.Complete("a", lease.Id);
        driver.RecordLast();

        Assert.Null(driver.Answers[again]);
        Assert.Single(driver.Records);
        Assert.True(driver.States[operation].IsDone);
    }

    [Fact]
    [Rule("EXE-16")]
    public void Lower_priority_numbers_run_first_and_equal_ones_in_the_order_of_their_coming()
    {
        driver.Execute(1, priority: 5);
        driver.Execute(2, priority: 0);
        driver.Execute(3, priority: -7);
        driver.Execute(4, priority: 0);

        int[] order = [.. Enumerable.Range(0, 4).Select(i => NumberOf(driver.Take($"slot{i}")))];

        Assert.Equal([3, 2, 4, 1], order);
    }

    [Fact]
    [Rule("EXE-16")]
    public void A_more_urgent_client_makes_the_shared_run_more_urgent()
    {
        driver.Execute(1, priority: 5);
        driver.Execute(2, priority: 3);
        driver.Execute(1, priority: 0);

        Assert.Equal(1, NumberOf(driver.Take("a")));
    }

    [Fact]
    [Rule("EXE-16")]
    public void Priority_counts_across_platforms()
    {
        driver.Execute(1, linux, priority: 1);
        driver.Execute(2, platform: null, priority: 0);

        Assert.Equal(2, NumberOf(driver.Take("a", linux)));
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

    [Theory]
    [Rule("EXE-07")]
    [Rule("EXE-11")]
    [Rule("AC-13")]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Only_results_with_exit_code_0_are_stored(int exitCode, bool stored)
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Complete("a", lease.Id, new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = exitCode } });
        driver.RecordLast();

        Assert.Equal(stored, Assert.Single(driver.Records).Store);
        Assert.Equal(exitCode, Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome).Response.Result.ExitCode);
    }

    [Fact]
    [Rule("EXE-07")]
    public void A_failure_is_not_recorded_and_its_partial_result_reaches_the_client()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Complete("a", lease.Id, new Reapi.ExecuteResponse
        {
            Status = new Google.Rpc.Status { Code = 4, Message = "timed out" },
            Result = new Reapi.ActionResult { StdoutRaw = Google.Protobuf.ByteString.CopyFromUtf8("so far") },
        });

        Assert.Empty(driver.Records);
        Reapi.ExecuteResponse response = Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome).Response;
        Assert.Equal(4, response.Status.Code);
        Assert.Equal("so far", response.Result.StdoutRaw.ToStringUtf8());
    }

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

        Assert.Equal([1, 2, 3], [NumberOf(driver.Take("a", offered)), NumberOf(driver.Take("b", offered)), NumberOf(driver.Take("c", offered))]);
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
    public void A_worker_that_went_away_lately_is_waited_for()
    {
        driver.Idle("a", linux);
        driver.Idle("b", SchedulerDriver.Platform(("OSFamily", "windows")));
        driver.Leave("a", linux);
        OperationName operation = driver.Execute(1, linux);

        driver.Advance(TimeSpan.FromSeconds(30));
        driver.Idle("b", SchedulerDriver.Platform(("OSFamily", "windows")));
        Assert.False(driver.States[operation].IsDone);

        Assert.Equal(1, NumberOf(driver.Take("c", linux)));
    }

    [Fact]
    public void What_asks_for_little_leaves_able_workers_free()
    {
        long able = driver.Idle("able", linuxGpu);
        long plain = driver.Idle("plain", linux);

        driver.Execute(1, linux);
        driver.Execute(2, linuxGpu);

        Assert.Equal(1, NumberOf(driver.Answers[plain]!));
        Assert.Equal(2, NumberOf(driver.Answers[able]!));
    }

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
    public void A_slot_whose_lease_was_lost_is_told_to_stop()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a");
        driver.Advance(driver.Options.LeaseDuration);
        driver.Take("b");

        long late = driver.Executing("a", lease.Id);
        long result = driver.Complete("a", lease.Id);

        Assert.Null(driver.Answers[late]);
        Assert.Null(driver.Answers[result]);
        Assert.Empty(driver.Records);
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
        long same = driver.Idle("a");
        long another = driver.Complete("b", other.Id);

        Assert.DoesNotContain(same, driver.Answers);
        Assert.Equal(1, NumberOf(driver.Answers[another]!));
    }

    [Fact]
    public void A_retryable_failure_goes_to_the_same_worker_if_there_is_no_other()
    {
        driver.Execute(1);
        Lease lease = driver.Take("a1", worker: "a");
        driver.Idle("a2", worker: "a");

        long poll = driver.Fail("a1", lease.Id, retryable: true, worker: "a");

        Assert.Null(driver.Answers[poll]);
        Assert.Equal(1, NumberOf(driver.Answers.Values.OfType<Lease>().Last()));
    }

    [Fact]
    public void The_last_failure_is_the_clients()
    {
        OperationName operation = driver.Execute(1);
        Lease? lease = driver.Take("a");
        for (int i = 0; i < driver.Options.MaxAttempts; i++)
            lease = driver.Answers[driver.Fail("a", lease!.Id, retryable: true)];

        Assert.Null(lease);
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
    public void A_slot_can_leave_with_its_last_result()
    {
        OperationName operation = driver.Execute(1);
        driver.Execute(2);
        Lease lease = driver.Take("a");

        long poll = driver.Complete("a", lease.Id, leaving: true);
        driver.RecordLast();

        Assert.Null(driver.Answers[poll]);
        Assert.True(driver.States[operation].IsDone);
    }

    [Fact]
    public void A_completed_action_is_followed_by_the_next_at_once()
    {
        driver.Execute(1);
        driver.Execute(2);
        Lease lease = driver.Take("a");

        long poll = driver.Complete("a", lease.Id);

        Assert.Equal(2, NumberOf(driver.Answers[poll]!));
    }

    [Fact]
    public void Outputs_that_are_not_there_make_the_action_run_again()
    {
        OperationName operation = driver.Execute(1);
        for (int i = 0; i < driver.Options.MaxAttempts; i++)
        {
            driver.Complete($"slot{i}", driver.Take($"slot{i}").Id);
            driver.Apply(new SchedulerEvent.ResultRefused(driver.Records[^1].ExecutionId, "no outputs"));
        }

        Assert.Equal(FailureKind.Internal, driver.FailureOf(operation).Kind);
        Assert.Equal("no outputs", driver.FailureOf(operation).Message);
    }

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

    [Fact]
    public void A_slot_that_changes_its_platform_is_another_slot()
    {
        OperationName operation = driver.Execute(1, linux);
        Lease lease = driver.Take("a", linux);

        long poll = driver.Executing("a", lease.Id, linuxGpu);

        Assert.Null(driver.Answers[poll]);
        Assert.Equal(1, NumberOf(driver.Take("a", linuxGpu)));
        Assert.False(driver.States[operation].IsDone);
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

    [Fact]
    [Rule("OUT-11")]
    [Rule("OUT-12")]
    public void A_result_says_when_the_action_was_queued_and_who_ran_it()
    {
        DateTimeOffset queuedAt = driver.Now;
        driver.Execute(1);
        driver.Advance(TimeSpan.FromSeconds(7));
        driver.Complete("a", driver.Take("a").Id);

        Reapi.ExecutedActionMetadata metadata = Assert.Single(driver.Records).Response.Result.ExecutionMetadata;
        Assert.Equal(queuedAt, metadata.QueuedTimestamp.ToDateTimeOffset());
        Assert.Equal("a", metadata.Worker);
    }

    [Fact]
    [Rule("EXE-14")]
    public void What_a_worker_tells_of_its_progress_reaches_the_clients()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");
        var start = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(driver.Now);

        driver.Executing("a", lease.Id, metadata: new Reapi.ExecutedActionMetadata { WorkerStartTimestamp = start });

        Assert.Equal(start, driver.States[operation].Progress?.WorkerStartTimestamp);
        Assert.NotNull(driver.States[operation].Progress?.QueuedTimestamp);
    }

    private static int NumberOf(Lease lease) => Enumerable.Range(0, 100).First(number => SchedulerDriver.DigestOf(number) == lease.Action.Digest);
}
