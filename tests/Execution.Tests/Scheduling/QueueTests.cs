using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.TestKit;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>The way of an action through the queue, and of posts and results.</summary>
public sealed class QueueTests
{
    private static readonly Reapi.Platform linux = SchedulerDriver.Platform(("OSFamily", "linux"));
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

        int[] order = [.. Enumerable.Range(0, 4).Select(i => SchedulerDriver.NumberOf(driver.Take($"slot{i}")))];

        Assert.Equal([3, 2, 4, 1], order);
    }

    [Fact]
    [Rule("EXE-16")]
    public void Priority_counts_across_platforms()
    {
        driver.Execute(1, linux, priority: 1);
        driver.Execute(2, platform: null, priority: 0);

        Assert.Equal(2, SchedulerDriver.NumberOf(driver.Take("a", linux)));
    }

    [Fact]
    public void A_result_that_the_worker_does_not_trust_is_answered_and_not_stored()
    {
        OperationName operation = driver.Execute(1);
        Lease lease = driver.Take("a");

        driver.Complete("a", lease.Id, doNotStore: true);
        driver.RecordLast();

        Assert.False(Assert.Single(driver.Records).Store);
        Assert.Equal(0, Assert.IsType<Outcome.Answered>(driver.States[operation].Outcome).Response.Result.ExitCode);
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

        Assert.Equal(2, SchedulerDriver.NumberOf(driver.Answers[poll]!));
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

        Assert.Equal(start, driver.States[operation].Progress?.Metadata.WorkerStartTimestamp);
        Assert.NotNull(driver.States[operation].Progress?.Metadata.QueuedTimestamp);
    }
}
