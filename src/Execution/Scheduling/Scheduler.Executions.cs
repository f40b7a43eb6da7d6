using RemoteExec.Execution.Operations;
using RemoteExec.Protocol.Workers;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

// What happens to executions: from the queue to a worker and to their end.
internal sealed partial class Scheduler
{
    private void Dispatch()
    {
        if (!draining)
        {
            while (toServe.TryDequeue(out WorkerNode? worker))
            {
                worker.IsToServe = false;
                while (worker.AvailableNode is not null && placement.FindExecution(worker) is var (execution, turn))
                    Lend(execution, worker, turn);
            }

            foreach (Execution execution in toPlace)
            {
                Place(execution);
                if (Announcements.IsInSight(execution))
                    toAnnounce.Add(execution);
            }
        }

        toPlace.Clear();
    }

    private void Place(Execution execution)
    {
        while (execution.Phase == ExecutionPhase.Queued && placement.FindWorker(execution, execution.Queue!) is { } worker)
        {
            // Its being free does not make it this one's turn.
            if (placement.FindExecution(worker) is var (first, turn))
                Lend(first, worker, turn);
            else if (worker.ReservedFor is null)
                Lend(execution, worker, execution.Lines[0]);
            else
                return;
        }
    }

    private void Lend(Execution execution, WorkerNode worker, FairShare turn)
    {
        PlatformQueue queue = execution.Queue!;
        effects.Add(new SchedulerEffect.RunStarted(now - execution.EnqueuedAt, execution.Action.Digest, execution.Operations[0].Submission.TraceContext));
        turn.AddRunning(1);
        turn.Charge(CostOf(execution));
        queue.Running++;
        Dequeue(execution);
        execution.Phase = ExecutionPhase.Leased;
        execution.Attempts++;
        execution.Stage = Stage.Executing;
        Start(execution, worker, turn);
        PublishAll(execution);
    }

    private void Start(Execution execution, WorkerNode worker, FairShare turn)
    {
        Slot slot = worker.Idle.First!.Value;
        Resources? setAside = worker.Capacity is { } capacity ? Placement.DemandOf(execution, capacity) : null;
        var lease = new Lease(
            $"{epoch}-{++lastLease}", execution.Action, execution.QueuedAt, execution.Operations[0].Submission.RequestMetadata, setAside)
        {
            TraceContext = execution.Operations[0].Submission.TraceContext,
        };
        var run = new Run(execution, lease, worker.Name, now) { Turn = turn };
        execution.Runs.Add(run);
        execution.Progress = run.Progress;
        Hand(run, slot);
        locality.Note(execution.Action.Locality, worker);
        NoteLeased(run);
        AnswerPoll(slot);
    }

    // What a start costs its build: the core seconds that it is expected to take. One that nothing is known of counts as one second on one core.
    private static double CostOf(Execution execution)
    {
        long cpu = execution.Action.Wish.Asked.CpuMillis > 0 ? execution.Action.Wish.Asked.CpuMillis : execution.Expected.CpuMillis ?? Resources.Core;
        return Math.Clamp(execution.Expected.Seconds ?? 1, 0.01, 3600) * cpu / Resources.Core;
    }

    private void Enqueue(Execution execution)
    {
        if (execution.Operations[0].Submission.RequestMetadata is { } metadata)
            execution.Expected = usage.Expect(metadata.ActionMnemonic, metadata.TargetId);
        execution.Phase = ExecutionPhase.Queued;
        execution.EnqueuedAt = now;
        PlatformQueue queue = matching.QueueOf(execution.Action.Wish.Platform);
        execution.Queue = queue;
        queue.Add(execution);
        AddLines(execution);
        if ((queue.Groups.Count == 0 || execution.Action.Wish.Asked != default) && !options.WaitsForUnknownWorkers
            && matching.Groups.Any(group => group.IsConnected) && Unservable.Explain(execution.Action.Wish, matching.Groups) is { } reason)
        {
            End(execution, reason);
            return;
        }

        WatchService(queue);
        if (queue.UnservedSince < now)
            agenda.Add(now + options.NoWorkerTimeout, execution);
        toPlace.Add(execution);
    }

    private void Dequeue(Execution execution)
    {
        execution.Queue!.Remove(execution);
        announcements.Forget(execution);
        matching.RemoveIfEmpty(execution.Queue);
        if (execution.ReservedOn is not { } worker)
            return;
        execution.ReservedOn = null;
        worker.ReservedFor = null;
        Serve(worker);
    }

    private void Serve(WorkerNode worker)
    {
        if (worker.IsToServe)
            return;
        worker.IsToServe = true;
        toServe.Enqueue(worker);
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
        foreach (Execution execution in queue.All().ToArray())
            EndIfUnserved(execution);
    }

    // Those that ask for more than the workers have that are left.
    private void EndIfTooBig(PlatformQueue queue)
    {
        if (queue.Asking == 0 || !queue.Groups.Any(group => group.IsConnected))
            return;
        foreach (Execution execution in queue.All().Where(execution => execution.EnqueuedAt + options.NoWorkerTimeout <= now).ToArray())
        {
            if (Unservable.Explain(execution.Action.Wish, matching.Groups) is { } reason)
                End(execution, reason);
        }
    }

    private void EndIfUnserved(Execution execution)
    {
        PlatformQueue queue = execution.Queue!;
        if (queue.UnservedSince + options.NoWorkerTimeout <= now && execution.EnqueuedAt + options.NoWorkerTimeout <= now)
            End(execution, Unservable.Waited(queue.Platform, options.NoWorkerTimeout));
    }

    private void TakeResult(Execution execution, string worker, SynchronizeRequest.Types.Completed completed)
    {
        Reapi.ExecuteResponse response = completed.Response;
        StopRuns(execution);
        LeavePhase(execution);
        if (response.Result is { } result)
        {
            result.ExecutionMetadata ??= new Reapi.ExecutedActionMetadata { Worker = worker };
            WithQueueTime(result.ExecutionMetadata, execution);
            execution.Progress = new RunProgress(result.ExecutionMetadata, execution.Progress?.Logs);
        }

        if (response.Status is not (null or { Code: 0 }))
        {
            End(execution, new Outcome.Answered(response));
            return;
        }

        // Only what went well goes into the cache: clients take a cached failure for a miss, or fail on it (EXE-07, AC-13, Q-13).
        bool store = response.Result!.ExitCode == 0 && !execution.Action.DoNotCache && !completed.DoNotStore;
        execution.Phase = ExecutionPhase.Recording;
        recording.Add(execution.Id, execution);
        execution.Stage = Stage.Executing;
        execution.Reported = new SchedulerEffect.Record(execution.Id, execution.Action.Digest, response, store) { Submission = SubmissionOf(execution) };
        NoteReported(execution.Reported);
        effects.Add(execution.Reported);
    }

    private static Submission? SubmissionOf(Execution execution) => execution.Operations.Count > 0 ? execution.Operations[0].Submission : null;

    private void EndRecorded(SchedulerEvent.ResultRecorded recorded)
    {
        if (recording.TryGetValue(recorded.ExecutionId, out Execution? execution) && execution.Phase == ExecutionPhase.Recording)
            End(execution, recorded.Outcome);
    }

    private void RetryRefused(SchedulerEvent.ResultRefused refused)
    {
        if (!recording.TryGetValue(refused.ExecutionId, out Execution? execution) || execution.Phase != ExecutionPhase.Recording)
            return;
        string worker = execution.Progress?.Metadata.Worker ?? "";
        CountFailure(worker);
        execution.Reported = null;
        NoteUnleased(execution, "", failed: false);
        if (!execution.Action.DoNotCache && mergeable.TryGet(execution.Action.Digest, out Execution? newer) && newer != execution)
        {
            Merge(execution, newer);
            return;
        }

        // A newer one may have been and gone: who comes from now on shares this one.
        if (!execution.Action.DoNotCache)
            mergeable.Set(execution);
        if (!TryAgain(execution, worker, Rest))
            End(execution, new Outcome.Failed(FailureKind.Internal, refused.Message));
    }

    // Another client that skips the cache has started the same action meanwhile: one run is enough for both.
    private void Merge(Execution execution, Execution newer)
    {
        Abandon(execution);
        if (newer.Stage < execution.Stage)
            newer.Stage = execution.Stage;
        foreach (Operation operation in execution.Operations.TakeAll())
            Attach(operation, newer);
    }

    private bool TryAgain(Execution execution, string failedWorker, Action<Execution> next)
    {
        LeavePhase(execution);
        (execution.FailedOn ??= new HashSet<string>(StringComparer.Ordinal)).Add(failedWorker);
        if (draining && !journals)
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
        else if (execution.Phase == ExecutionPhase.Leased)
            GiveUpAwaited(execution);
    }

    // Out of what it is in, on the way to something else.
    private void LeavePhase(Execution execution)
    {
        if (execution.Phase == ExecutionPhase.Queued)
        {
            Dequeue(execution);
        }
        else if (execution.Phase == ExecutionPhase.Leased && execution.Queue is { } queue)
        {
            queue.Running--;
            matching.RemoveIfEmpty(queue);
        }

        else if (execution.Phase == ExecutionPhase.Recording)
        {
            recording.Remove(execution.Id);
        }

        if (execution.Phase is ExecutionPhase.Queued or ExecutionPhase.Leased)
            execution.Queue = null;
        execution.Phase = ExecutionPhase.Resting; // for the moment
    }

    // Ends an execution wherever it stands, and every operation that waits for it.
    private void End(Execution execution, Outcome outcome)
    {
        Abandon(execution);
        foreach (Operation operation in execution.Operations.TakeAll())
            Complete(operation, outcome);
    }

    private void Abandon(Execution execution)
    {
        StopRuns(execution);
        LeavePhase(execution);
        execution.Phase = ExecutionPhase.Over;
        ExecutionsInFlight--;
        ForgetLeases(execution);
        if (mergeable.TryGet(execution.Action.Digest, out Execution? newest) && newest == execution)
            mergeable.Remove(execution);
    }

    private static Reapi.ExecutedActionMetadata WithQueueTime(Reapi.ExecutedActionMetadata metadata, Execution execution)
    {
        metadata.QueuedTimestamp = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(execution.QueuedAt);
        return metadata;
    }
}
