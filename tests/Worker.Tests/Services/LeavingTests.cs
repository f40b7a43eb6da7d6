using RemoteExec.Rpc;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>A worker that is stopped: what becomes of its actions and of their results.</summary>
public sealed class LeavingTests : WorkerLoopFixture
{
    [Fact]
    public async Task An_idle_worker_that_is_stopped_says_that_it_leaves()
    {
        Start();
        FakeScheduler.Post idle = await Scheduler.NextAsync(State.Idle);

        await Stop.CancelAsync();

        FakeScheduler.Post leaving = await Scheduler.NextAsync(State.Leaving);
        Assert.Equal(idle.Request.SlotId, leaving.Request.SlotId);
        leaving.AnswerIdle();
        await Loop!;
    }

    [Fact]
    public async Task A_worker_that_is_stopped_lets_its_action_end_and_leaves_with_the_result()
    {
        Start(options => options with { GracePeriod = TimeSpan.FromHours(1) });
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();

        await Stop.CancelAsync();
        Assert.Equal("lease-1", (await Scheduler.NextAsync(State.Executing)).Request.Executing.LeaseId); // the lease is kept meanwhile
        running.End();

        FakeScheduler.Post completed = await Scheduler.NextAsync(State.Completed);
        Assert.True(completed.Request.Completed.Leaving);
        completed.AnswerIdle();
        await Loop!;
        Assert.False(Scheduler.HasPost);
    }

    [Fact]
    public async Task An_action_that_outlives_the_grace_period_is_stopped_and_handed_back()
    {
        var time = new ManualTimeProvider();
        Start(options => options with { GracePeriod = TimeSpan.FromMinutes(5) }, time);
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await Executor.NextAsync();

        await Stop.CancelAsync();
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(running.WasStopped);
        time.Advance(TimeSpan.FromMinutes(1));

        FakeScheduler.Post leaving = await Scheduler.NextAsync(State.Leaving);
        Assert.True(running.WasStopped);
        leaving.AnswerIdle();
        await Loop!;
    }

    [Fact]
    public async Task A_result_that_is_there_when_the_grace_period_ends_is_still_delivered()
    {
        var time = new ManualTimeProvider();
        Start(options => options with { GracePeriod = TimeSpan.FromMinutes(5) }, time);
        (await Scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await Executor.NextAsync()).End(exitCode: 4);
        FakeScheduler.Post held = await Scheduler.NextAsync(State.Completed);

        await Stop.CancelAsync();
        time.Advance(TimeSpan.FromMinutes(5));
        held.Fail(StatusCode.Unavailable);
        await Eventually.TrueAsync(() => time.WaitingTimers > 1); // it pauses before it tries again
        time.Advance(TimeSpan.FromSeconds(1));

        FakeScheduler.Post again = await Scheduler.NextAsync(State.Completed);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        (await Scheduler.NextAsync(State.Leaving)).AnswerIdle();
        await Loop!;
    }

    [Fact]
    public async Task A_worker_that_is_stopped_while_the_scheduler_is_away_ends()
    {
        var time = new ManualTimeProvider();
        Start(time: time);
        await Scheduler.NextAsync(State.Idle);
        await Scheduler.StopAsync();

        await Stop.CancelAsync();
        while (!Loop!.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Loop!;
        await Scheduler.ListenAsync(); // so that it can be stopped
    }
}
