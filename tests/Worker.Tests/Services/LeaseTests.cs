using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>An action in a slot: it is run, told about, stopped when it is not wanted, and its result delivered.</summary>
public sealed class LeaseTests : WorkerLoopFixture
{
    [Fact]
    public async Task An_action_is_run_and_its_result_posted_whole()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => execute.InstanceName = "some/instance");
        HeldExecutor.Running running = await Executor.NextAsync();
        Assert.Equal("lease-1", running.Lease.Id);
        Assert.Equal(ActionFixture.Anchor, running.Lease.ActionDigest);
        Assert.Equal(TimeSpan.FromMinutes(1), running.Lease.Timeout);
        Assert.Equal(5, running.Lease.Queued!.Seconds);

        running.End(exitCode: 3, retryable: true);

        FakeScheduler.Post completed = await Scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
        Assert.Equal(3, completed.Request.Completed.Response.Result.ExitCode);
        Assert.True(completed.Request.Completed.Retryable);
        Assert.False(completed.Request.Completed.Leaving);
        completed.AnswerIdle();
        Assert.Equal(State.Idle, (await Scheduler.NextAsync()).Request.StateCase);
    }

    [Fact]
    public async Task The_answer_to_a_result_may_be_the_next_action()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await Executor.NextAsync()).End();

        (await Scheduler.NextAsync(State.Completed)).AnswerExecute("lease-2");
        HeldExecutor.Running second = await Executor.NextAsync();
        second.End();

        Assert.Equal("lease-2", second.Lease.Id);
        Assert.Equal("lease-2", (await Scheduler.NextAsync(State.Completed)).Request.Completed.LeaseId);
    }

    [Fact, Rule("EXE-14")]
    public async Task A_running_action_keeps_its_lease_and_tells_what_is_known()
    {
        Scheduler.LeaseDuration = TimeSpan.FromMilliseconds(30);
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();
        running.Report("known so far");

        for (int i = 0; i < 3; i++)
        {
            FakeScheduler.Post post = await Scheduler.NextAsync(State.Executing);
            Assert.Equal("lease-1", post.Request.Executing.LeaseId);
            Assert.Equal("known so far", post.Request.Executing.Metadata.Worker);
            post.AnswerExecute("lease-1");
        }

        Assert.False(running.WasStopped);
        running.End();
        await Scheduler.NextAsync(State.Completed);
    }

    [Fact]
    public async Task What_it_shows_for_an_action_is_renewed_by_each_answer()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => execute.LeaseToken = "first");
        HeldExecutor.Running running = await Executor.NextAsync();
        Assert.Equal("Bearer first", running.Lease.Credential!.Header);

        (await Scheduler.NextAsync(State.Executing)).AnswerExecute("lease-1", execute => execute.LeaseToken = "second", [new SynchronizeResponse.Types.Upcoming()]); // so that it posts again at once
        FakeScheduler.Post third = await Scheduler.NextAsync(State.Executing);
        Assert.Equal("Bearer second", running.Lease.Credential.Header);
        third.AnswerExecute("lease-1", execute => execute.LeaseToken = "", [new SynchronizeResponse.Types.Upcoming()]); // a scheduler that has just taken over, and is older
        await Scheduler.NextAsync(State.Executing);

        Assert.Equal("Bearer second", running.Lease.Credential.Header);
        Assert.DoesNotContain("second", $"{running.Lease}", StringComparison.Ordinal);
        running.End();
        await Scheduler.NextAsync(State.Completed);
    }

    [Fact]
    public async Task A_scheduler_that_gives_nothing_to_show_leaves_the_worker_to_its_own()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();

        Assert.Null(running.Lease.Credential);
        running.End();
        await Scheduler.NextAsync(State.Completed);
    }

    [Fact]
    public async Task Where_the_output_can_be_read_is_posted_at_once_although_a_post_is_held()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease");
        HeldExecutor.Running running = await Executor.NextAsync();
        FakeScheduler.Post held = await Scheduler.NextAsync(State.Executing);

        running.Report("w", stdout: "the-stream");
        SynchronizeRequest.Types.Executing first = (await Scheduler.NextAsync(State.Executing)).Request.Executing;
        running.Report("w", stdout: "the-stream", stderr: "another");
        SynchronizeRequest.Types.Executing second = (await Scheduler.NextAsync(State.Executing)).Request.Executing;

        Assert.Equal(("", ""), (held.Request.Executing.StdoutStreamName, held.Request.Executing.StderrStreamName));
        Assert.Equal(("the-stream", ""), (first.StdoutStreamName, first.StderrStreamName));
        Assert.Equal(("the-stream", "another"), (second.StdoutStreamName, second.StderrStreamName));
        running.End();
    }

    [Fact]
    public async Task A_scheduler_that_holds_the_call_hears_of_the_end_at_once()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();
        await Scheduler.NextAsync(State.Executing); // held for ever

        running.End();

        await Scheduler.NextAsync(State.Completed);
    }

    [Fact, Rule("OPS-02")]
    public async Task An_action_that_is_no_longer_wanted_is_stopped_and_dropped()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();

        (await Scheduler.NextAsync(State.Executing)).AnswerIdle();

        Assert.Equal(State.Idle, (await Scheduler.NextAsync()).Request.StateCase);
        Assert.True(running.WasStopped);
    }

    [Fact]
    public async Task Another_lease_instead_stops_the_first_action_and_starts_the_other()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running first = await Executor.NextAsync();

        (await Scheduler.NextAsync(State.Executing)).AnswerExecute("lease-2");
        HeldExecutor.Running second = await Executor.NextAsync();

        Assert.True(first.WasStopped);
        Assert.Equal("lease-2", second.Lease.Id);
        second.End();
    }

    [Fact]
    public async Task A_lease_that_makes_no_sense_is_answered_as_invalid()
    {
        Start();

        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => execute.ActionDigest.Hash = "zz");

        FakeScheduler.Post completed = await Scheduler.NextAsync(State.Completed);
        Assert.Equal((int)StatusCode.InvalidArgument, completed.Request.Completed.Response.Status.Code);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
    }

    [Fact]
    public async Task What_an_action_used_is_told_with_its_result()
    {
        var usage = new Usage { CpuTime = new Duration { Seconds = 7 }, PeakMemoryBytes = 12345 };
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");

        (await Executor.NextAsync()).End(new ExecutionOutcome(new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = 137 } }, Retryable: false) { Usage = usage, OutOfMemory = true, DoNotStore = true });

        SynchronizeRequest.Types.Completed completed = (await Scheduler.NextAsync(State.Completed)).Request.Completed;
        Assert.Equal(usage, completed.Usage);
        Assert.True(completed.OutOfMemory);
        Assert.True(completed.DoNotStore);
        Assert.Equal(137, completed.Response.Result.ExitCode);
    }

    [Fact]
    public async Task A_result_that_fits_into_no_message_is_told_as_a_failure_of_the_action()
    {
        var result = new Reapi.ActionResult();
        for (int i = 0; i < 16; i++)
            result.OutputFiles.Add(new Reapi.OutputFile { Path = new string('x', 1024 * 1024) });
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");

        (await Executor.NextAsync()).End(new ExecutionOutcome(new Reapi.ExecuteResponse { Result = result }, Retryable: false));

        SynchronizeRequest.Types.Completed completed = (await Scheduler.NextAsync(State.Completed)).Request.Completed;
        Assert.Equal((int)StatusCode.ResourceExhausted, completed.Response.Status.Code);
        Assert.Null(completed.Response.Result);
        Assert.False(completed.Retryable);
    }
}
