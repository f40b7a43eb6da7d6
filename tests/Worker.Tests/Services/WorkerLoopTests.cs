using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;
using State = RemoteExec.Protocol.Workers.SynchronizeRequest.StateOneofCase;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>The worker's side of the worker protocol, over a real connection to a scheduler whose answers the test gives.</summary>
public sealed class WorkerLoopTests : IAsyncLifetime
{
    private readonly HeldExecutor executor = new();
    private readonly CancellationTokenSource stop = new();
    private FakeScheduler scheduler = null!;
    private Task? loop;

    public async ValueTask InitializeAsync() => scheduler = await FakeScheduler.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        scheduler.End();
        if (loop is not null)
            await loop;
        await scheduler.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task An_idle_slot_says_who_it_is_and_what_it_offers()
    {
        Start(options => options with { Name = "w1", Platform = [new("b", "2"), new("a", "1"), new("b", "1")] });

        SynchronizeRequest request = (await scheduler.NextAsync()).Request;

        Assert.Equal(State.Idle, request.StateCase);
        Assert.Equal("w1", request.WorkerName);
        Assert.StartsWith("w1/", request.SlotId, StringComparison.Ordinal);
        Assert.Equal(["a=1", "b=1", "b=2"], request.Platform.Properties.Select(property => $"{property.Name}={property.Value}"));
    }

    [Fact, Rule("PLT-04")]
    public void The_platform_is_by_default_that_of_the_machine()
    {
        Assert.Contains(new("OSFamily", "linux"), WorkerOptions.DefaultPlatform);
        Assert.Contains(WorkerOptions.DefaultPlatform, property => property.Key == "ISA" && property.Value is "x86-64" or "arm-a64" or "rv64g");
    }

    [Fact]
    public async Task Each_slot_has_an_id_of_its_own_also_from_those_of_an_earlier_process()
    {
        Start(options => options with { Slots = 3 });
        var ids = new HashSet<string>();
        for (int i = 0; i < 3; i++)
            ids.Add((await scheduler.NextAsync()).Request.SlotId);
        Task first = loop!;

        Start(options => options with { Slots = 3 });
        for (int i = 0; i < 3; i++)
            ids.Add((await scheduler.NextAsync()).Request.SlotId);

        Assert.Equal(6, ids.Count);
        loop = Task.WhenAll(first, loop!);
    }

    [Fact]
    public async Task An_action_is_run_and_its_result_posted_whole()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => execute.InstanceName = "some/instance");
        HeldExecutor.Running running = await executor.NextAsync();
        Assert.Equal("lease-1", running.Lease.Id);
        Assert.Equal(ActionFixture.Anchor, running.Lease.ActionDigest);
        Assert.Equal(TimeSpan.FromMinutes(1), running.Lease.Timeout);
        Assert.Equal(5, running.Lease.Queued!.Seconds);

        running.End(exitCode: 3, retryable: true);

        FakeScheduler.Post completed = await scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
        Assert.Equal(3, completed.Request.Completed.Response.Result.ExitCode);
        Assert.True(completed.Request.Completed.Retryable);
        Assert.False(completed.Request.Completed.Leaving);
        completed.AnswerIdle();
        Assert.Equal(State.Idle, (await scheduler.NextAsync()).Request.StateCase);
    }

    [Fact]
    public async Task The_answer_to_a_result_may_be_the_next_action()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await executor.NextAsync()).End();

        (await scheduler.NextAsync(State.Completed)).AnswerExecute("lease-2");
        HeldExecutor.Running second = await executor.NextAsync();
        second.End();

        Assert.Equal("lease-2", second.Lease.Id);
        Assert.Equal("lease-2", (await scheduler.NextAsync(State.Completed)).Request.Completed.LeaseId);
    }

    [Fact, Rule("EXE-14")]
    public async Task A_running_action_keeps_its_lease_and_tells_what_is_known()
    {
        scheduler.LeaseDuration = TimeSpan.FromMilliseconds(30);
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();
        running.Report("known so far");

        for (int i = 0; i < 3; i++)
        {
            FakeScheduler.Post post = await scheduler.NextAsync(State.Executing);
            Assert.Equal("lease-1", post.Request.Executing.LeaseId);
            Assert.Equal("known so far", post.Request.Executing.Metadata.Worker);
            post.AnswerExecute("lease-1");
        }

        Assert.False(running.WasStopped);
        running.End();
        await scheduler.NextAsync(State.Completed);
    }

    [Fact]
    public async Task A_scheduler_that_holds_the_call_hears_of_the_end_at_once()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();
        await scheduler.NextAsync(State.Executing); // held for ever

        running.End();

        await scheduler.NextAsync(State.Completed);
    }

    [Fact, Rule("OPS-02")]
    public async Task An_action_that_is_no_longer_wanted_is_stopped_and_dropped()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();

        (await scheduler.NextAsync(State.Executing)).AnswerIdle();

        Assert.Equal(State.Idle, (await scheduler.NextAsync()).Request.StateCase);
        Assert.True(running.WasStopped);
    }

    [Fact]
    public async Task Another_lease_instead_stops_the_first_action_and_starts_the_other()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running first = await executor.NextAsync();

        (await scheduler.NextAsync(State.Executing)).AnswerExecute("lease-2");
        HeldExecutor.Running second = await executor.NextAsync();

        Assert.True(first.WasStopped);
        Assert.Equal("lease-2", second.Lease.Id);
        second.End();
    }

    [Fact]
    public async Task A_scheduler_that_restarts_finds_the_action_still_running()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();
        await scheduler.NextAsync(State.Executing);

        await scheduler.StopAsync();
        await scheduler.ListenAsync();

        FakeScheduler.Post post = await scheduler.NextAsync(State.Executing);
        Assert.Equal("lease-1", post.Request.Executing.LeaseId);
        post.AnswerExecute("lease-1");
        Assert.False(running.WasStopped);
        running.End();
        await scheduler.NextAsync(State.Completed);
    }

    [Theory]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    [InlineData(StatusCode.InvalidArgument)]
    public async Task A_result_is_posted_until_it_is_taken(StatusCode code)
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await executor.NextAsync()).End(exitCode: 4);

        (await scheduler.NextAsync(State.Completed)).Fail(code);

        FakeScheduler.Post again = await scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", again.Request.Completed.LeaseId);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        await scheduler.NextAsync(State.Idle);
    }

    [Theory]
    [InlineData(StatusCode.Unimplemented, LogLevel.Error, "does not take what this worker speaks, remoteexec.worker.v1.WorkerQueue in version 1.1")]
    [InlineData(StatusCode.Unauthenticated, LogLevel.Error, "the scheduler refuses what this worker posts, trying again: Unauthenticated: as the test wants it")]
    [InlineData(StatusCode.Unavailable, LogLevel.Warning, "the scheduler can't be reached")]
    public async Task A_connection_that_is_no_good_is_told_once_and_its_end_as_well(StatusCode code, LogLevel level, string words)
    {
        var log = new RecordingLogger();
        Start(logger: log);

        for (int i = 0; i < 3; i++)
            (await scheduler.NextAsync(State.Idle)).Fail(code);
        (await scheduler.NextAsync(State.Idle)).AnswerIdle();

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
            (await scheduler.NextAsync(State.Idle)).AnswerIdle();
            await Eventually.TrueAsync(() => time.WaitingTimers == 1); // the slot pauses
            Assert.False(scheduler.HasPost);
            while (time.WaitingTimers > 0)
                time.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    [Fact]
    public async Task A_lease_that_makes_no_sense_is_answered_as_invalid()
    {
        Start();

        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute => execute.ActionDigest.Hash = "zz");

        FakeScheduler.Post completed = await scheduler.NextAsync(State.Completed);
        Assert.Equal((int)StatusCode.InvalidArgument, completed.Request.Completed.Response.Status.Code);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
    }

    [Fact]
    public async Task An_idle_worker_that_is_stopped_says_that_it_leaves()
    {
        Start();
        FakeScheduler.Post idle = await scheduler.NextAsync(State.Idle);

        await stop.CancelAsync();

        FakeScheduler.Post leaving = await scheduler.NextAsync(State.Leaving);
        Assert.Equal(idle.Request.SlotId, leaving.Request.SlotId);
        leaving.AnswerIdle();
        await loop!;
    }

    [Fact]
    public async Task A_worker_that_is_stopped_lets_its_action_end_and_leaves_with_the_result()
    {
        Start(options => options with { GracePeriod = TimeSpan.FromHours(1) });
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();

        await stop.CancelAsync();
        Assert.Equal("lease-1", (await scheduler.NextAsync(State.Executing)).Request.Executing.LeaseId); // the lease is kept meanwhile
        running.End();

        FakeScheduler.Post completed = await scheduler.NextAsync(State.Completed);
        Assert.True(completed.Request.Completed.Leaving);
        completed.AnswerIdle();
        await loop!;
        Assert.False(scheduler.HasPost);
    }

    [Fact]
    public async Task An_action_that_outlives_the_grace_period_is_stopped_and_handed_back()
    {
        var time = new ManualTimeProvider();
        Start(options => options with { GracePeriod = TimeSpan.FromMinutes(5) }, time);
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();

        await stop.CancelAsync();
        time.Advance(TimeSpan.FromMinutes(4));
        Assert.False(running.WasStopped);
        time.Advance(TimeSpan.FromMinutes(1));

        FakeScheduler.Post leaving = await scheduler.NextAsync(State.Leaving);
        Assert.True(running.WasStopped);
        leaving.AnswerIdle();
        await loop!;
    }

    [Fact]
    public async Task A_worker_that_is_stopped_while_the_scheduler_is_away_ends()
    {
        var time = new ManualTimeProvider();
        Start(time: time);
        await scheduler.NextAsync(State.Idle);
        await scheduler.StopAsync();

        await stop.CancelAsync();
        while (!loop!.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await loop;
        await scheduler.ListenAsync(); // so that it can be stopped
    }

    [Fact]
    public async Task Settings_that_are_wrong_are_all_named()
    {
        var options = new WorkerOptions { Slots = 0, Name = "", ScratchDirectory = "relative" };

        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(
            () => new WorkerLoop(options, new MemoryStore(1), scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token));

        Assert.Contains("slots", exception.Message, StringComparison.Ordinal);
        Assert.Contains("name", exception.Message, StringComparison.Ordinal);
        Assert.Contains("'relative'", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_worker_runs_a_real_action()
    {
        await using ActionFixture client = await ActionFixture.MakeAsync();
        using var temp = new TempDirectory();
        var options = new WorkerOptions { Name = "whole", Slots = 2, ScratchDirectory = Path.Combine(temp.Path, "s") };
        loop = new WorkerLoop(options, client.Cas, scheduler.Channel, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token);
        var command = new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo real > o" }, OutputPaths = { "o" } };
        Reapi.Digest commandDigest = (await client.StoreAsync(command)).ToProto();

        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1", execute =>
        {
            execute.InstanceName = "some/instance";
            execute.Action = new Reapi.Action { CommandDigest = commandDigest, InputRootDigest = ActionFixture.Anchor.ToProto() };
        });

        FakeScheduler.Post completed = await scheduler.NextAsync(State.Completed);
        Reapi.ActionResult result = completed.Request.Completed.Response.Result;
        Assert.Equal("real\n", await client.ReadAsync(result.OutputFiles[0].Digest));
        Assert.Equal("whole", result.ExecutionMetadata.Worker);
        completed.AnswerIdle();
        await stop.CancelAsync();
        for (int i = 0; i < 2; i++)
            (await scheduler.NextAsync(State.Leaving)).AnswerIdle();
        await loop;
    }

    [Fact]
    public async Task The_slots_of_a_process_tell_what_it_has_for_all_of_them_and_that_they_belong_together()
    {
        Start(options => options with { Slots = 3, Name = "w1", MemoryBytes = 5_000_000_000 });
        SynchronizeRequest[] posts = [(await scheduler.NextAsync()).Request, (await scheduler.NextAsync()).Request, (await scheduler.NextAsync()).Request];

        Assert.All(posts, post => Assert.Equal(1u, post.ProtocolMinor));
        Assert.All(posts, post => Assert.Equal(new Resources { CpuMillis = 3000, MemoryBytes = 5_000_000_000 }, post.Resources));
        Assert.StartsWith("w1/", Assert.Single(posts.Select(post => post.WorkerId).Distinct()), StringComparison.Ordinal);
        Assert.Equal(3, posts.Select(post => post.SlotId).Distinct().Count());
    }

    [Fact]
    public async Task What_an_action_used_is_told_with_its_result()
    {
        var usage = new Usage { CpuTime = new Duration { Seconds = 7 }, PeakMemoryBytes = 12345 };
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");

        (await executor.NextAsync()).End(new ExecutionOutcome(new Reapi.ExecuteResponse { Result = new Reapi.ActionResult { ExitCode = 137 } }, Retryable: false) { Usage = usage, OutOfMemory = true });

        SynchronizeRequest.Types.Completed completed = (await scheduler.NextAsync(State.Completed)).Request.Completed;
        Assert.Equal(usage, completed.Usage);
        Assert.True(completed.OutOfMemory);
        Assert.Equal(137, completed.Response.Result.ExitCode);
    }

    [Fact]
    public async Task A_result_that_fits_into_no_message_is_told_as_a_failure_of_the_action()
    {
        var result = new Reapi.ActionResult();
        for (int i = 0; i < 16; i++)
            result.OutputFiles.Add(new Reapi.OutputFile { Path = new string('x', 1024 * 1024) });
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");

        (await executor.NextAsync()).End(new ExecutionOutcome(new Reapi.ExecuteResponse { Result = result }, Retryable: false));

        SynchronizeRequest.Types.Completed completed = (await scheduler.NextAsync(State.Completed)).Request.Completed;
        Assert.Equal((int)StatusCode.ResourceExhausted, completed.Response.Status.Code);
        Assert.Null(completed.Response.Result);
        Assert.False(completed.Retryable);
    }

    [Fact]
    public async Task Being_taken_out_of_service_is_told_once_and_its_end_as_well()
    {
        var log = new RecordingLogger();
        Start(logger: log);

        foreach (bool draining in new[] { false, true, true, false, false })
        {
            scheduler.Draining = draining;
            (await scheduler.NextAsync(State.Idle)).AnswerIdle(); // this post says what the last one was answered
        }

        await scheduler.NextAsync(State.Idle);
        Assert.Equal(
            ["an operator has taken this worker out of service: it gets nothing new until that is taken back", "this worker is in service again"],
            log.Entries.Select(entry => entry.Text));
    }

    [Fact]
    public async Task A_result_whose_scheduler_died_before_it_answered_is_delivered_to_the_next()
    {
        Start();
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await executor.NextAsync()).End(exitCode: 4);
        await scheduler.NextAsync(State.Completed); // heard, and never answered

        await scheduler.StopAsync();
        await scheduler.ListenAsync();

        FakeScheduler.Post again = await scheduler.NextAsync(State.Completed);
        Assert.Equal("lease-1", again.Request.Completed.LeaseId);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        await scheduler.NextAsync(State.Idle);
    }

    [Fact]
    public async Task A_result_that_is_there_when_the_grace_period_ends_is_still_delivered()
    {
        var time = new ManualTimeProvider();
        Start(options => options with { GracePeriod = TimeSpan.FromMinutes(5) }, time);
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        (await executor.NextAsync()).End(exitCode: 4);
        FakeScheduler.Post held = await scheduler.NextAsync(State.Completed);

        await stop.CancelAsync();
        time.Advance(TimeSpan.FromMinutes(5));
        held.Fail(StatusCode.Unavailable);
        await Eventually.TrueAsync(() => time.WaitingTimers > 1); // it pauses before it tries again
        time.Advance(TimeSpan.FromSeconds(1));

        FakeScheduler.Post again = await scheduler.NextAsync(State.Completed);
        Assert.Equal(4, again.Request.Completed.Response.Result.ExitCode);
        again.AnswerIdle();
        (await scheduler.NextAsync(State.Leaving)).AnswerIdle();
        await loop!;
    }

    [Fact]
    public async Task A_worker_that_knows_several_servers_goes_on_with_the_next_and_keeps_its_lease()
    {
        await using FakeScheduler second = await FakeScheduler.StartAsync();
        await using var both = new RpcChannel([scheduler.Channel.Address, second.Channel.Address]);
        Start(channel: both);
        (await scheduler.NextAsync(State.Idle)).AnswerExecute("lease-1");
        HeldExecutor.Running running = await executor.NextAsync();
        await scheduler.NextAsync(State.Executing);

        await scheduler.StopAsync();

        (await second.NextAsync(State.Executing)).AnswerExecute("lease-1");
        running.End(exitCode: 4);
        FakeScheduler.Post completed = await second.NextAsync(State.Completed);
        Assert.Equal("lease-1", completed.Request.Completed.LeaseId);
        completed.AnswerIdle();
        await stop.CancelAsync();
        second.End();
        await loop!;
        await scheduler.ListenAsync(); // so that it can be stopped
    }

    private void Start(Func<WorkerOptions, WorkerOptions>? change = null, TimeProvider? time = null, ILogger? logger = null, RpcChannel? channel = null)
    {
        WorkerOptions options = new() { Name = "worker", Slots = 1, GracePeriod = TimeSpan.Zero };
        options = change?.Invoke(options) ?? options;
        loop = new WorkerLoop(options, new MemoryStore(1), channel ?? scheduler.Channel, logger ?? NullLogger.Instance, time ?? TimeProvider.System).RunSlotsAsync(executor, stop.Token);
    }
}
