using Microsoft.Extensions.Logging;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>Schedulers that restart, die, refuse, or have had enough of a worker.</summary>
public sealed class SchedulerTroubleTests : WorkerLoopFixture
{
    [Fact]
    public async Task A_scheduler_that_restarts_finds_the_action_still_running()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();
        await Scheduler.NextAsync(State.Executing);

        await Scheduler.StopAsync();
        await Scheduler.ListenAsync();

        FakeScheduler.Post post = await Scheduler.NextAsync(State.Executing);
        Assert.Equal("lease-1", post.Request.Executing.LeaseId);
        post.AnswerExecute("lease-1");
        Assert.False(running.WasStopped);
        running.End();
        await Scheduler.NextAsync(State.Completed);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.InvalidArgument)]
    public async Task A_result_is_posted_until_it_is_taken(StatusCode code)
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await Executor.NextAsync()).End(exitCode: 4);

        (await Scheduler.NextAsync(State.Completed)).Fail(code);

        FakeScheduler.Post again = await Scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", again.Request.Completed.LeaseId);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        await Scheduler.NextAsync(State.Idle);
    }

    [Fact]
    public async Task A_result_whose_scheduler_died_before_it_answered_is_delivered_to_the_next()
    {
        Start();
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await Executor.NextAsync()).End(exitCode: 4);
        await Scheduler.NextAsync(State.Completed); // heard, and never answered

        await Scheduler.StopAsync();
        await Scheduler.ListenAsync();

        FakeScheduler.Post again = await Scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", again.Request.Completed.LeaseId);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        await Scheduler.NextAsync(State.Idle);
    }

    [Fact]
    public async Task A_worker_that_knows_several_servers_goes_on_with_the_next_and_keeps_its_lease()
    {
        await using FakeScheduler second = await FakeScheduler.StartAsync();
        await using var both = new RpcChannel([Scheduler.Channel.Address, second.Channel.Address]);
        Start(channel: both);
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();
        await Scheduler.NextAsync(State.Executing);

        await Scheduler.StopAsync();

        (await second.NextAsync(State.Executing)).AnswerExecute("lease-1");
        running.End(exitCode: 4);
        FakeScheduler.Post completed = await second.NextAsync(State.Completed);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
        completed.AnswerIdle();
        await Stop.CancelAsync();
        second.End();
        await Loop!;
        await Scheduler.ListenAsync(); // so that it can be stopped
    }

    [Theory]
    [InlineData(StatusCode.Unimplemented, LogLevel.Error, "does not take what this worker speaks, remoteexec.worker.v1.WorkerQueue in version 1.6")]
    [InlineData(StatusCode.Unauthenticated, LogLevel.Error, "the scheduler refuses what this worker posts, trying again: Unauthenticated: as the test wants it")]
    [InlineData(StatusCode.Unavailable, LogLevel.Warning, "the scheduler can't be reached")]
    public async Task A_connection_that_is_no_good_is_told_once_and_its_end_as_well(StatusCode code, LogLevel level, string words)
    {
        var log = new RecordingLogger();
        Start(logger: log);

        for (int i = 0; i < 3; i++)
            (await Scheduler.NextAsync(State.Idle)).Fail(code);
        (await Scheduler.NextAsync(State.Idle)).AnswerIdle();

        await Eventually.TrueAsync(() => log.Entries.Count == 2);
        Assert.Equal([level, LogLevel.Warning], log.Entries.Select(entry => entry.Level));
        Assert.Contains(words, log.Entries.First().Text, StringComparison.Ordinal);
        Assert.Equal("the scheduler is reached again", log.Entries.Last().Text);
    }

    [Fact]
    public async Task A_scheduler_that_answers_idle_at_once_is_not_asked_without_pause()
    {
        var time = new ManualTimeProvider();
        Start(time: time);

        for (int i = 0; i < 5; i++)
        {
            (await Scheduler.NextAsync(State.Idle)).AnswerIdle();
            await Eventually.TrueAsync(() => time.WaitingTimers == 1); // the slot pauses
            Assert.False(Scheduler.HasPost);
            while (time.WaitingTimers > 0)
                time.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    [Fact]
    public async Task Being_taken_out_of_service_is_told_once_and_its_end_as_well()
    {
        var log = new RecordingLogger();
        Start(logger: log);

        foreach (bool draining in new[] { false, true, true, false, false })
        {
            Scheduler.Draining = draining;
            (await Scheduler.NextAsync(State.Idle)).AnswerIdle(); // this post says what the last one was answered
        }

        await Scheduler.NextAsync(State.Idle);
        Assert.Equal(
            ["an operator has taken this worker out of service: it gets nothing new until that is taken back", "this worker is in service again"],
            log.Entries.Select(entry => entry.Text));
    }
}
