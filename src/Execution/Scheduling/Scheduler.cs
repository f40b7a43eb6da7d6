using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// Decides which action runs where and when: a pure state machine. It has no clock, no lock and does no I/O; the same events at the same
/// times give the same effects. <see cref="ActionQueue"/> is its shell. This file has what happens to executions; operations and slots,
/// from which the events come, have files of their own.
/// </summary>
/// <remarks>
/// What holds after each event: an operation that is not done is being prepared or waits for exactly one execution; an execution is in its
/// queue, leased to one slot, or being recorded; of the executions of one digest that may be merged, at most one is queued or leased; no idle
/// slot may run anything that is queued.
/// </remarks>
/// <param name="options">The settings.</param>
/// <param name="epoch">Goes into lease ids, so that those of an earlier process are not taken for ours.</param>
internal sealed partial class Scheduler(ExecutionOptions options, string epoch)
{
    private readonly RetryPolicy retryPolicy = new(options.MaxAttempts);
    private readonly Matching matching = new();
    private readonly Agenda agenda = new();
    private readonly Dictionary<long, Execution> executions = [];
    private readonly Dictionary<Digest, Execution> mergeable = []; // the newest of each digest
    private List<SchedulerEffect> effects = [];
    private DateTimeOffset now;
    private long lastExecution;
    private long lastLease;
    private bool draining;
    private bool stopped;

    /// <summary>When the next <see cref="SchedulerEvent.TimePassed"/> is due; null if nothing waits for time.</summary>
    public DateTimeOffset? NextAlarm => agenda.Next;

    /// <summary>The number of executions that are not over.</summary>
    public int ExecutionsInFlight => executions.Count;

    /// <summary>Takes one event. Time never runs backwards: an earlier <paramref name="time"/> than the last counts as the last.</summary>
    public IReadOnlyList<SchedulerEffect> Apply(SchedulerEvent change, DateTimeOffset time)
    {
        now = time > now ? time : now;
        effects = [];
        switch (change)
        {
            case SchedulerEvent.OperationStarted started:
                Start(started);
                break;
            case SchedulerEvent.OperationPrepared prepared:
                Admit(prepared);
                break;
            case SchedulerEvent.OperationAnswered answered:
                Answer(answered);
                break;
            case SchedulerEvent.WaiterJoined joined:
                Join(joined.Name);
                break;
            case SchedulerEvent.WaiterLeft left:
                Leave(left.Name);
                break;
            case SchedulerEvent.OperationCancelled cancelled:
                Cancel(cancelled.Name);
                break;
            case SchedulerEvent.OperationDeleted deleted:
                Delete(deleted.Name);
                break;
            case SchedulerEvent.SlotPosted posted:
                TakePost(posted);
                break;
            case SchedulerEvent.PollBroken broken:
                BreakPoll(broken);
                break;
            case SchedulerEvent.ResultRecorded recorded:
                EndRecorded(recorded);
                break;
            case SchedulerEvent.ResultRefused refused:
                RetryRefused(refused);
                break;
            case SchedulerEvent.DrainStarted:
                Drain();
                break;
            case SchedulerEvent.Stopped:
                Stop();
                break;
        }

        // After the event: a post that comes late, but before its slot was given up, still counts.
        while (agenda.TakeDue(now) is { } subject)
            LookAt(subject);
        Dispatch();
        return effects;
    }

    private void LookAt(object subject)
    {
        switch (subject)
        {
            case Slot slot:
                LookAtSlot(slot);
                break;
            case WorkerGroup group:
                LookAtGroup(group);
                break;
            case PlatformQueue queue:
                LookAtQueue(queue);
                break;
            case Operation operation:
                LookAtOperation(operation);
                break;
        }
    }

    private void Dispatch()
    {
        while (!draining && matching.NextPair() is var (slot, execution))
        {
            matching.Dequeue(execution);
            Lend(execution, slot);
        }
    }

    private void Lend(Execution execution, Slot slot)
    {
        execution.Phase = ExecutionPhase.Leased;
        execution.Attempts++;
        execution.Lease = new Lease($"{epoch}-{++lastLease}", execution.Action, execution.QueuedAt, execution.Operations[0].Submission.RequestMetadata);
        execution.Slot = slot;
        execution.Stage = Stage.Executing;
        execution.Progress = WithQueueTime(new Reapi.ExecutedActionMetadata { Worker = slot.WorkerName }, execution);
        slot.Execution = execution;
        AnswerPoll(slot);
        PublishAll(execution);
    }

    private void Enqueue(Execution execution)
    {
        execution.Phase = ExecutionPhase.Queued;
        execution.EnqueuedAt = now;
        PlatformQueue queue = matching.Enqueue(execution);
        if (queue.Groups.Count == 0 && matching.Groups.Any(group => group.IsConnected))
            End(execution, Unservable.Explain(queue.Platform, matching.Groups));
        else
            WatchService(queue);
    }

    // A queue that nobody connected could serve is looked at when its first execution has waited for long enough.
    private void WatchService(PlatformQueue queue)
    {
        if (queue.Groups.Any(group => group.IsConnected))
        {
            queue.UnservedSince = null;
        }
        else if (queue.UnservedSince is null)
        {
            queue.UnservedSince = now;
            agenda.Add(now + options.NoWorkerTimeout, queue);
        }
    }

    private void LookAtQueue(PlatformQueue queue)
    {
        if (queue.UnservedSince is not { } since)
            return;
        DateTimeOffset? next = null;
        foreach (Execution execution in queue.Waiting.ToArray())
        {
            DateTimeOffset end = (execution.EnqueuedAt > since ? execution.EnqueuedAt : since) + options.NoWorkerTimeout;
            if (end <= now)
                End(execution, Unservable.Waited(queue.Platform, options.NoWorkerTimeout));
            else if (!(next <= end))
                next = end;
        }

        if (next is { } at)
            agenda.Add(at, queue);
    }

    private void TakeResult(Execution execution, Reapi.ExecuteResponse response, bool retryable)
    {
        string worker = execution.Slot!.WorkerName;
        Release(execution);
        if (retryable && TryAgain(execution, worker))
            return;
        if (response.Result is { } result)
        {
            result.ExecutionMetadata ??= new Reapi.ExecutedActionMetadata { Worker = worker };
            WithQueueTime(result.ExecutionMetadata, execution);
            execution.Progress = result.ExecutionMetadata;
        }

        if (response.Status is not (null or { Code: 0 }))
        {
            End(execution, new Outcome.Answered(response));
            return;
        }

        // Only what went well goes into the cache: clients take a cached failure for a miss, or fail on it (EXE-07, AC-13, Q-13).
        bool store = response.Result!.ExitCode == 0 && !execution.Action.Action.DoNotCache;
        execution.Phase = ExecutionPhase.Recording;
        effects.Add(new SchedulerEffect.Record(execution.Id, execution.Action.Digest, response, store));
    }

    private void EndRecorded(SchedulerEvent.ResultRecorded recorded)
    {
        if (executions.TryGetValue(recorded.ExecutionId, out Execution? execution) && execution.Phase == ExecutionPhase.Recording)
            End(execution, recorded.Outcome);
    }

    private void RetryRefused(SchedulerEvent.ResultRefused refused)
    {
        if (!executions.TryGetValue(refused.ExecutionId, out Execution? execution) || execution.Phase != ExecutionPhase.Recording)
            return;
        if (mergeable.TryGetValue(execution.Action.Digest, out Execution? newer) && newer != execution)
            Merge(execution, newer);
        else if (!TryAgain(execution, execution.Progress!.Worker))
            End(execution, new Outcome.Failed(FailureKind.Internal, refused.Message));
    }

    // Another client that skips the cache has started the same action meanwhile: one run is enough for both.
    private void Merge(Execution execution, Execution newer)
    {
        Abandon(execution);
        if (newer.Stage < execution.Stage)
            newer.Stage = execution.Stage;
        foreach (Operation operation in execution.Operations)
            Attach(operation, newer);
    }

    private void LoseLease(Execution execution)
    {
        string worker = execution.Slot!.WorkerName;
        Release(execution);
        if (!TryAgain(execution, worker))
        {
            End(execution, new Outcome.Failed(
                FailureKind.WorkerLost,
                $"the worker was lost while it ran the action, {execution.Attempts} time(s) in all; the last was '{worker}'"));
        }
    }

    private bool TryAgain(Execution execution, string failedWorker)
    {
        execution.FailedOn.Add(failedWorker);
        if (draining)
        {
            End(execution, shuttingDown);
            return true;
        }

        if (!retryPolicy.AllowsAnother(execution.Attempts))
            return false;
        Enqueue(execution);
        return true;
    }

    private void HandBack(Execution execution)
    {
        Release(execution);
        execution.Attempts--;
        if (draining)
            End(execution, shuttingDown);
        else
            Enqueue(execution);
    }

    private void Release(Execution execution)
    {
        if (execution.Slot is { } slot)
            slot.Execution = null;
        execution.Slot = null;
        execution.Lease = null;
    }

    // Ends an execution wherever it stands, and every operation that waits for it.
    private void End(Execution execution, Outcome outcome)
    {
        Abandon(execution);
        foreach (Operation operation in execution.Operations.ToArray())
            Complete(operation, outcome);
    }

    private void Abandon(Execution execution)
    {
        if (execution.Phase == ExecutionPhase.Queued)
            matching.Dequeue(execution);
        if (execution.Slot is { } slot)
        {
            Release(execution);
            AnswerPoll(slot);
        }

        execution.Phase = ExecutionPhase.Over;
        executions.Remove(execution.Id);
        if (mergeable.TryGetValue(execution.Action.Digest, out Execution? newest) && newest == execution)
            mergeable.Remove(execution.Action.Digest);
    }

    private void Drain()
    {
        draining = true;
        foreach (Operation operation in operations.Unfinished.ToArray())
        {
            if (operation.Execution is null)
                Complete(operation, shuttingDown);
        }

        foreach (Execution execution in executions.Values.Where(execution => execution.Phase == ExecutionPhase.Queued).ToArray())
            End(execution, shuttingDown);
    }

    private void Stop()
    {
        stopped = true;
        Drain();
        foreach (Execution execution in executions.Values.ToArray())
            End(execution, shuttingDown);
        ReleasePolls();
    }

    private static Reapi.ExecutedActionMetadata WithQueueTime(Reapi.ExecutedActionMetadata metadata, Execution execution)
    {
        metadata.QueuedTimestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(execution.QueuedAt);
        return metadata;
    }
}
