using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using RemoteExec.ActionCache;
using RemoteExec.Cas;
using RemoteExec.Execution.Actions;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// The shell round the <see cref="Scheduler"/>: gives it a lock, a clock and hands, and a journal if there is one. Thread-safe. Disposing waits for what goes on in the background; without
/// a journal it ends every operation as UNAVAILABLE, with one they go on wherever the journal is taken up.
/// </summary>
public sealed partial class ActionQueue : IAsyncDisposable
{
    private readonly ExecutionOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ActionWork work;
    private readonly BackgroundTasks background;
    private readonly ITimer timer;
    private readonly Lock gate = new(); // guards everything below
    private readonly Scheduler scheduler;
    private readonly HashSet<OperationFeed> leaving = []; // of operations that the scheduler has forgotten, while the journal is still to be told
    private readonly Dictionary<long, TaskCompletionSource<PollAnswer>> polls = [];
    private readonly Outbox? outbox;
    private readonly ExecutionMetrics metrics;
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset? armedFor;
    private long lastPoll;
    private bool draining;
    private bool stopped;

    /// <summary>Makes an empty queue, of which nothing is left when it is gone.</summary>
    /// <param name="cas">Where actions and commands are read, and outputs looked for.</param>
    /// <param name="cache">The action cache: one that hides results whose outputs are gone.</param>
    /// <param name="options">The settings.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="time">The clock.</param>
    public ActionQueue(IBlobStore cas, IActionCache cache, ExecutionOptions options, ILogger logger, TimeProvider time)
        : this(cas, cache, options, journal: null, new JournalState(), logger, time)
    {
    }

    /// <summary>Makes a queue that goes on with what a journal tells.</summary>
    /// <param name="cas">Where actions and commands are read, and outputs looked for.</param>
    /// <param name="cache">The action cache: one that hides results whose outputs are gone.</param>
    /// <param name="options">The settings.</param>
    /// <param name="journal">Where is written down what must not be lost, before anybody hears of it; null if nothing is. It stays the caller's.</param>
    /// <param name="restored">What was written down before.</param>
    /// <param name="logger">Where faults are told.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">What was written down makes no sense.</exception>
    public ActionQueue(
        IBlobStore cas, IActionCache cache, ExecutionOptions options, IJournal? journal, JournalState restored, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.logger = logger;
        this.time = time;
        background = new BackgroundTasks(logger);
        work = new ActionWork(new ActionReader(cas, cache, options), new ResultRecorder(cas, cache, options.Signer), logger);
        scheduler = new Scheduler(options, Guid.NewGuid().ToString("N"), journals: journal is not null);
        metrics = new ExecutionMetrics(() => ListQueues(PlatformFilter.All, mostBuilds: 0), time);
        timer = time.CreateTimer(static queue => ((ActionQueue)queue!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        lock (gate)
        {
            if (journal is not null)
                outbox = new Outbox(journal, gate, scheduler.TakeSnapshot, Perform);
            Take(scheduler.Restore(restored, time.GetUtcNow()));
        }
    }

    /// <summary>Ends when another scheduler has taken over: this queue is of no use any more. Never without a journal.</summary>
    public Task Lost => outbox?.Lost ?? Task.Delay(Timeout.Infinite);

    /// <summary>
    /// Starts nothing more and waits for what runs: for at most <paramref name="patience"/>. New operations are refused from now on; what has not started yet ends as UNAVAILABLE, or with
    /// a journal stays in it. To be followed by disposing.
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
            if (stopped)
                return;
            Apply(outbox is null ? new SchedulerEvent.Stopped() : new SchedulerEvent.HandedOver());
            stopped = true;
        }

        metrics.Dispose();
        await timer.DisposeAsync();
        if (outbox is not null)
            await outbox.DisposeAsync();
        lock (gate)
        {
            foreach (OperationFeed feed in scheduler.Requests.Select(request => request.Feed).OfType<OperationFeed>().Concat(leaving))
                feed.End(new SchedulerStoppedException());
            foreach (TaskCompletionSource<PollAnswer> poll in polls.Values)
                poll.TrySetException(new SchedulerStoppedException());
            polls.Clear();
        }

        await background.DisposeAsync();
    }

    /// <summary>Starts an operation, and tells its states until it is done. To stop enumerating is to stop waiting for it.</summary>
    /// <param name="actionDigest">The action.</param>
    /// <param name="submission">What the client said about it.</param>
    /// <param name="id">Names the operation. One that has it already is not started again, but waited for: so that who heard nothing of it can say the same once more.</param>
    /// <param name="cancellationToken">Stops enumerating.</param>
    internal async IAsyncEnumerable<OperationState> ExecuteAsync(
        Digest actionDigest, Submission submission, Guid id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var name = new OperationName(actionDigest.Instance, id);
        OperationFeed? feed;
        lock (gate)
        {
            if (stopped)
                throw new SchedulerStoppedException();
            feed = scheduler.Find(name)?.Feed;
            if (feed is not null)
                Apply(new SchedulerEvent.WaiterJoined(name));
            else
                Apply(new SchedulerEvent.OperationStarted(name, actionDigest, submission) { Feed = feed = new OperationFeed(gate) });
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
            return FindFeed(name).Current ?? throw new OperationNotFoundException(name.ToString());
    }

    /// <summary>The states of an instance's operations, in no particular order.</summary>
    internal IReadOnlyList<OperationState> List(InstanceName instance)
    {
        lock (gate)
            return [.. scheduler.Requests.Where(request => request.Name.Instance == instance).Select(request => request.Feed?.Current).OfType<OperationState>()];
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
            leaving.Add(FindFeed(name));
            Apply(new SchedulerEvent.OperationDeleted(name));
        }
    }

    /// <summary>Takes the state of a slot, and returns what it should execute once there is something to tell it.</summary>
    /// <exception cref="SchedulerStoppedException">The server shuts down.</exception>
    internal async Task<PollAnswer> SynchronizeAsync(SynchronizeRequest post, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<PollAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
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

    private void BreakPoll(string slotId, long poll, TaskCompletionSource<PollAnswer> answer, CancellationToken cancellationToken)
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
        scheduler.Find(name)?.Feed ?? throw new OperationNotFoundException(name.ToString());

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
        if (!stopped)
            Take(scheduler.Apply(change, time.GetUtcNow()));
    }

    private void Take(IReadOnlyList<SchedulerEffect> effects)
    {
        if (outbox is null)
            Perform(effects);
        else
            outbox.Add(scheduler.Facts, effects);
        if (draining && scheduler.IsDrained)
            drained.TrySetResult();
        if (scheduler.NextAlarm is { } next && next != armedFor && !stopped)
        {
            armedFor = next;
            TimeSpan wait = next - time.GetUtcNow();
            timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private void Perform(IReadOnlyList<SchedulerEffect> effects)
    {
        foreach (SchedulerEffect effect in effects)
            Perform(effect);
    }

    private void Perform(SchedulerEffect effect)
    {
        if (effect is not SchedulerEffect.Publish)
            metrics.Count(effect);
        if (effect is SchedulerEffect.RunStarted started)
            ExecutionTracing.NoteQueued(started, time.GetUtcNow());
        switch (effect)
        {
            case SchedulerEffect.Publish { State.Request.Feed: { } feed } publish:
                metrics.Count(publish);
                feed.Publish(publish.State);
                break;
            case SchedulerEffect.Publish publish: // was counted by who wrote it into the journal
                publish.State.Request.Feed = new OperationFeed(gate);
                publish.State.Request.Feed.Publish(publish.State);
                break;
            case SchedulerEffect.Forget { Request.Feed: { } feed } forget:
                leaving.Remove(feed);
                feed.End(new OperationNotFoundException(forget.Name.ToString()));
                break;
            case SchedulerEffect.AnswerPoll answer when polls.Remove(answer.Poll, out TaskCompletionSource<PollAnswer>? poll):
                poll.TrySetResult(new PollAnswer(answer.Lease, answer.IsDraining, answer.Upcoming));
                break;
            case SchedulerEffect.Prepare prepare:
                background.Run(async cancellationToken => Tell(await work.PrepareAsync(prepare, cancellationToken)));
                break;
            case SchedulerEffect.Record record:
                background.Run(async cancellationToken => Tell(await work.RecordAsync(record, cancellationToken)));
                break;
            case SchedulerEffect.WorkerQuarantined quarantined:
                ExecutionLog.WorkerQuarantined(logger, quarantined.Worker, quarantined.Failures, quarantined.Time);
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
