using RemoteExec.Execution.Operations;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

// What happens to executions: from the queue to a slot, perhaps back, and to their end.
internal sealed partial class Scheduler
{
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
        execution.Lease = new Lease(
            $"{epoch}-{++lastLease}", execution.Action, execution.QueuedAt, execution.Operations[0].Submission.RequestMetadata);
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
        {
            End(execution, Unservable.Explain(queue.Platform, matching.Groups));
            return;
        }

        WatchService(queue);
        if (queue.UnservedSince < now)
            agenda.Add(now + options.NoWorkerTimeout, execution);
    }

    // Those that wait already when nobody connected can serve their queue any more end together. Who comes later ends later, one by one, and has a reminder of
    // its own (Enqueue): looking through the queue for each of them would take the longer the more there are.
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
        if (!(queue.UnservedSince + options.NoWorkerTimeout <= now))
            return;
        foreach (Execution execution in queue.Waiting.ToArray())
            EndIfUnserved(execution);
    }

    private void EndIfUnserved(Execution execution)
    {
        PlatformQueue queue = matching.QueueOf(execution);
        if (queue.UnservedSince + options.NoWorkerTimeout <= now && execution.EnqueuedAt + options.NoWorkerTimeout <= now)
            End(execution, Unservable.Waited(queue.Platform, options.NoWorkerTimeout));
    }

    private void TakeResult(Execution execution, Reapi.ExecuteResponse response, bool retryable)
    {
        string worker = execution.Slot!.WorkerName;
        Release(execution);
        if (retryable && TryAgain(execution, worker, Rest))
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
        else if (!TryAgain(execution, execution.Progress!.Worker, Rest))
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

    // That a worker is lost is noticed only after some time, which is rest enough; and another worker has done nothing wrong.
    private void LoseLease(Execution execution)
    {
        string worker = execution.Slot!.WorkerName;
        Release(execution);
        if (!TryAgain(execution, worker, Enqueue))
        {
            End(execution, new Outcome.Failed(
                FailureKind.WorkerLost,
                $"the worker was lost while it ran the action, {execution.Attempts} time(s) in all; the last was '{worker}'"));
        }
    }

    private bool TryAgain(Execution execution, string failedWorker, Action<Execution> next)
    {
        execution.FailedOn.Add(failedWorker);
        if (draining)
        {
            End(execution, shuttingDown);
            return true;
        }

        if (!retryPolicy.AllowsAnother(execution.Attempts))
            return false;
        next(execution);
        return true;
    }

    // What failed at one worker may fail at all of them, for the same reason and within moments: it has to wait, and others go first.
    private void Rest(Execution execution)
    {
        execution.Phase = ExecutionPhase.Resting;
        execution.RestsUntil = now + retryPolicy.DelayAfter(execution.Attempts, execution.Id);
        agenda.Add(execution.RestsUntil, execution);
    }

    private void LookAtExecution(Execution execution)
    {
        if (execution.Phase == ExecutionPhase.Resting && execution.RestsUntil <= now)
            Enqueue(execution);
        else if (execution.Phase == ExecutionPhase.Queued)
            EndIfUnserved(execution);
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
        Operation[] waiting = [.. execution.Operations];
        execution.Operations.Clear(); // all at once: one by one from the front, each would move all behind it
        foreach (Operation operation in waiting)
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

    private static Reapi.ExecutedActionMetadata WithQueueTime(Reapi.ExecutedActionMetadata metadata, Execution execution)
    {
        metadata.QueuedTimestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(execution.QueuedAt);
        return metadata;
    }
}
