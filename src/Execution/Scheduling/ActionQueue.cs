using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Execution.Actions;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// The shell round the <see cref="Scheduler"/>: gives it a lock, a clock and hands. Thread-safe. Disposing ends every operation as
/// UNAVAILABLE and waits for what goes on in the background.
/// </summary>
public sealed class ActionQueue : IAsyncDisposable
{
    private readonly ExecutionOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ActionWork work;
    private readonly BackgroundTasks background;
    private readonly ITimer timer;
    private readonly Lock gate = new(); // guards everything below
    private readonly Scheduler scheduler;
    private readonly Dictionary<OperationName, OperationFeed> feeds = [];
    private readonly Dictionary<long, TaskCompletionSource<Lease?>> polls = [];
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset? armedFor;
    private long lastPoll;
    private bool draining;
    private bool stopped;

    /// <summary>Makes an empty queue.</summary>
    /// <param name="cas">Where actions and commands are read, and outputs looked for.</param>
    /// <param name="cache">The action cache: one that hides results whose outputs are gone.</param>
    /// <param name="options">The settings.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="time">The clock.</param>
    public ActionQueue(IBlobStore cas, IActionCache cache, ExecutionOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.logger = logger;
        this.time = time;
        background = new BackgroundTasks(logger);
        work = new ActionWork(new ActionReader(cas, cache, options), new ResultRecorder(cas, cache), logger);
        scheduler = new Scheduler(options, Guid.NewGuid().ToString("N"));
        timer = time.CreateTimer(static queue => ((ActionQueue)queue!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Ends what has not started yet, as UNAVAILABLE, and waits for what runs: for at most <paramref name="patience"/>. New operations are refused
    /// from now on. To be followed by disposing.
    /// </summary>
    public async Task DrainAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            draining = true;
            Apply(new SchedulerEvent.DrainStarted());
        }

        try
        {
            await drained.Task.WaitAsync(patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Disposing tells the clients of what is left to try elsewhere.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            stopped = true;
            Apply(new SchedulerEvent.Stopped());
        }

        await timer.DisposeAsync();
        await background.DisposeAsync();
    }

    /// <summary>Starts an operation, and tells its states until it is done. To stop enumerating is to stop waiting for it.</summary>
    internal async IAsyncEnumerable<OperationState> ExecuteAsync(
        Digest actionDigest, Submission submission, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var name = new OperationName(actionDigest.Instance, Guid.NewGuid());
        OperationFeed feed;
        lock (gate)
        {
            Apply(new SchedulerEvent.OperationStarted(name, actionDigest, submission));
            feed = feeds[name];
        }

        await foreach (OperationState state in FollowAsync(name, feed, cancellationToken))
            yield return state;
    }

    /// <summary>Tells the states of an operation until it is done.</summary>
    /// <exception cref="OperationNotFoundException">There is no such operation.</exception>
    internal async IAsyncEnumerable<OperationState> WatchAsync(OperationName name, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        OperationFeed feed;
        lock (gate)
        {
            feed = FindFeed(name);
            Apply(new SchedulerEvent.WaiterJoined(name));
        }

        await foreach (OperationState state in FollowAsync(name, feed, cancellationToken))
            yield return state;
    }

    /// <summary>The state of an operation.</summary>
    /// <exception cref="OperationNotFoundException">There is no such operation.</exception>
    internal OperationState Get(OperationName name)
    {
        lock (gate)
            return FindFeed(name).Current;
    }

    /// <summary>The states of an instance's operations, in no particular order.</summary>
    internal IReadOnlyList<OperationState> List(InstanceName instance)
    {
        lock (gate)
            return [.. feeds.Where(entry => entry.Key.Instance == instance).Select(entry => entry.Value.Current)];
    }

    /// <summary>Cancels an operation; nothing happens to one that is done (OPS-02).</summary>
    /// <exception cref="OperationNotFoundException">There is no such operation.</exception>
    internal void Cancel(OperationName name)
    {
        lock (gate)
        {
            FindFeed(name);
            Apply(new SchedulerEvent.OperationCancelled(name));
        }
    }

    /// <summary>Deletes an operation: nobody can ask for it any more (OPS-03).</summary>
    /// <exception cref="OperationNotFoundException">There is no such operation.</exception>
    internal void Delete(OperationName name)
    {
        lock (gate)
        {
            FindFeed(name);
            Apply(new SchedulerEvent.OperationDeleted(name));
        }
    }

    /// <summary>Takes the state of a slot, and returns what it should execute once there is something to tell it; null: nothing.</summary>
    /// <exception cref="SchedulerStoppedException">The server shuts down.</exception>
    internal async Task<Lease?> SynchronizeAsync(SynchronizeRequest post, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<Lease?>(TaskCreationOptions.RunContinuationsAsynchronously);
        long poll;
        lock (gate)
        {
            if (stopped)
                throw new SchedulerStoppedException();
            poll = ++lastPoll;
            polls.Add(poll, answer);
            Apply(new SchedulerEvent.SlotPosted(post, poll));
        }

        await using (cancellationToken.Register(() => BreakPoll(post.SlotId, poll, answer, cancellationToken)))
            return await answer.Task;
    }

    private void BreakPoll(string slotId, long poll, TaskCompletionSource<Lease?> answer, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (polls.Remove(poll))
                Apply(new SchedulerEvent.PollBroken(slotId, poll));
        }

        answer.TrySetCanceled(cancellationToken);
    }

    private async IAsyncEnumerable<OperationState> FollowAsync(
        OperationName name, OperationFeed feed, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        try
        {
            await foreach (OperationState state in feed.ReadAsync(options.KeepAliveInterval, time, cancellationToken))
                yield return state;
        }
        finally
        {
            Tell(new SchedulerEvent.WaiterLeft(name));
        }
    }

    private OperationFeed FindFeed(OperationName name) =>
        feeds.TryGetValue(name, out OperationFeed? feed) ? feed : throw new OperationNotFoundException(name.ToString());

    private void OnTimer()
    {
        lock (gate)
        {
            armedFor = null;
            Apply(new SchedulerEvent.TimePassed());
        }
    }

    private void Tell(SchedulerEvent change)
    {
        lock (gate)
            Apply(change);
    }

    // Under the lock: it only touches memory (the log's queue is in memory too), starts what does I/O elsewhere, and runs no continuation of others.
    private void Apply(SchedulerEvent change)
    {
        foreach (SchedulerEffect effect in scheduler.Apply(change, time.GetUtcNow()))
            Perform(effect);
        if (draining && scheduler.ExecutionsInFlight == 0)
            drained.TrySetResult();
        if (scheduler.NextAlarm is { } next && next != armedFor && !stopped)
        {
            armedFor = next;
            TimeSpan wait = next - time.GetUtcNow();
            timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Perform(SchedulerEffect effect)
    {
        switch (effect)
        {
            case SchedulerEffect.Publish publish when feeds.TryGetValue(publish.State.Name, out OperationFeed? feed):
                feed.Publish(publish.State);
                break;
            case SchedulerEffect.Publish publish:
                feeds.Add(publish.State.Name, new OperationFeed(publish.State));
                break;
            case SchedulerEffect.Forget forget when feeds.Remove(forget.Name, out OperationFeed? feed):
                feed.Close();
                break;
            case SchedulerEffect.AnswerPoll answer when polls.Remove(answer.Poll, out TaskCompletionSource<Lease?>? poll):
                poll.TrySetResult(answer.Lease);
                break;
            case SchedulerEffect.Prepare prepare:
                background.Run(async cancellationToken => Tell(await work.PrepareAsync(prepare, cancellationToken)));
                break;
            case SchedulerEffect.Record record:
                background.Run(async cancellationToken => Tell(await work.RecordAsync(record, cancellationToken)));
                break;
            case SchedulerEffect.WorkerJoined joined:
                ExecutionLog.WorkerJoined(logger, joined.Worker, joined.Platform.ToString());
                break;
            case SchedulerEffect.WorkerLeft { IsLost: true } lost:
                ExecutionLog.WorkerLost(logger, lost.Worker);
                break;
            case SchedulerEffect.WorkerLeft left:
                ExecutionLog.WorkerLeft(logger, left.Worker);
                break;
        }
    }
}
