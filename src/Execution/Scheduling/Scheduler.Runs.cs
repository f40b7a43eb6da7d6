using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

// What happens to attempts: who has which lease, and what comes of it.
internal sealed partial class Scheduler
{
    private readonly Dictionary<string, Execution> leases = new(StringComparer.Ordinal); // those given up included, as long as the execution is not over

    private readonly HashSet<Run> awaited = []; // those whose slots have not come back since this scheduler took over

    // A slot takes a run over: a new one, or one that it had before.
    private void Hand(Run run, Slot slot)
    {
        AwaitNoMore(run);
        run.Slot = slot;
        slot.Run = run;
        run.Taken = TakenBy(run, slot.Worker);
        slot.Worker.Used += run.Taken;
        leases[run.Lease.Id] = run.Execution;
    }

    private static Resources TakenBy(Run run, WorkerNode worker) =>
        worker.Capacity is { } capacity ? run.Lease.SetAside ?? Placement.DemandOf(run.Execution, capacity) : default;

    // The first slot of a worker has come back: the others may still run what they had.
    private void SetAsideForAwaited(WorkerNode worker)
    {
        foreach (Run run in awaited)
        {
            if (run.WorkerName != worker.Name || run.AwaitedOn is not null)
                continue;
            run.AwaitedOn = worker;
            run.Taken = TakenBy(run, worker);
            worker.Used += run.Taken;
        }
    }

    private void AwaitNoMore(Run run)
    {
        awaited.Remove(run);
        if (run.AwaitedOn is not { } worker)
            return;
        run.AwaitedOn = null;
        worker.Used -= run.Taken;
        Serve(worker);
    }

    // A run is over, or given up. What its worker tells of it later is still understood.
    private void Release(Run run, string result)
    {
        effects.Add(new SchedulerEffect.RunEnded(result, now - run.StartedAt));
        Execution execution = run.Execution;
        execution.Runs.Remove(run);
        (execution.PastLeases ??= []).Add(run.Lease.Id);
        run.Turn?.AddRunning(-1);
        AwaitNoMore(run);
        if (run.Slot is not { } slot)
            return;
        run.Slot = null;
        slot.Run = null;
        slot.Worker.Used -= run.Taken;
        Serve(slot.Worker);
    }

    private void StopRuns(Execution execution)
    {
        while (execution.Runs.Count > 0)
        {
            Run run = execution.Runs[0];
            Slot? slot = run.Slot;
            Release(run, "stopped");
            if (slot is not null)
                AnswerPoll(slot);
        }
    }

    private void ForgetLeases(Execution execution)
    {
        foreach (string lease in execution.PastLeases ?? [])
            leases.Remove(lease);
        execution.PastLeases = null;
    }

    private void TakeCompleted(Slot slot, SynchronizeRequest.Types.Completed completed)
    {
        if (!leases.TryGetValue(completed.LeaseId, out Execution? execution))
            return;
        Run? run = RunOf(execution, completed.LeaseId);
        if (run is null || (run.Slot is not null && run.Slot != slot))
        {
            // The lease was given up, but somebody may still wait for what it brought.
            if (execution.Phase != ExecutionPhase.Recording && IsFinal(completed) && completed.Response.Status is null or { Code: 0 })
                TakeResult(execution, slot.Worker.Name, completed);
            return;
        }

        string worker = slot.Worker.Name;
        if (!completed.Retryable)
            CountSuccess(worker);
        if (!completed.OutOfMemory && completed.Usage is { } used && execution.Operations[0].Submission.RequestMetadata is { } metadata)
            usage.Learn(metadata.ActionMnemonic, metadata.TargetId, used);
        Release(run, completed.OutOfMemory ? "out_of_memory" : completed.Retryable ? "failed" : "done");
        if (completed.OutOfMemory && TryWithMoreMemory(execution, run, slot.Worker))
            return;
        if (completed.Retryable)
        {
            CountFailure(worker);
            NoteUnleased(execution, run.Lease.Id, failed: true);
            if (execution.Runs.Count > 0 || TryAgain(execution, worker, Rest))
                return;
        }

        TakeResult(execution, worker, completed);
    }

    private static bool IsFinal(SynchronizeRequest.Types.Completed completed) => completed is { Retryable: false, OutOfMemory: false };

    // The worker is not to blame, nor is another of the same size any better.
    private bool TryWithMoreMemory(Execution execution, Run run, WorkerNode worker)
    {
        if (worker.Capacity is not { } capacity || execution.Action.Wish.Asked.MemoryBytes >= capacity.MemoryBytes || draining
            || !retryPolicy.AllowsAnother(execution.Attempts) || run.Taken.MemoryBytes >= MostMemoryFor(execution))
        {
            return false;
        }

        execution.MemoryFloor = Math.Max(run.Taken.MemoryBytes, 1) * 2;
        NoteUnleased(execution, run.Lease.Id, failed: false);
        if (execution.Runs.Count > 0)
            return true;
        LeavePhase(execution);
        Enqueue(execution);
        return true;
    }

    private long MostMemoryFor(Execution execution) => execution.Queue!.Groups
        .SelectMany(group => group.Workers.Values).Max(worker => worker.Capacity?.MemoryBytes) ?? 0;

    private static Run? RunOf(Execution execution, string lease)
    {
        for (int i = 0; i < execution.Runs.Count; i++)
        {
            if (execution.Runs[i].Lease.Id == lease)
                return execution.Runs[i];
        }

        return null;
    }

    // A slot says that it runs something: true if it shall.
    private bool TryRenew(Slot slot, SynchronizeRequest.Types.Executing state)
    {
        if (slot.Run?.Lease.Id != state.LeaseId && !TryAdopt(slot, state.LeaseId))
            return false;
        Run run = slot.Run!;
        if (state.Metadata is { } metadata)
        {
            metadata.Worker = slot.Worker.Name;
            WithQueueTime(metadata, run.Execution);
            var progress = new RunProgress(metadata, LogNames.Of(state));
            if (progress != run.Progress)
            {
                run.Progress = progress;
                run.Execution.Progress = progress;
                PublishAll(run.Execution);
            }
        }

        if (now - run.StartedAt > run.Execution.Action.Timeout + options.LeaseOverrun)
        {
            LoseLease(run);
            return false;
        }

        HedgeIfSlow(run);
        return true;
    }

    // A slot comes back with what it was given before it was lost, or by the scheduler before this one.
    private bool TryAdopt(Slot slot, string lease)
    {
        if (slot.Run is not null || draining || !leases.TryGetValue(lease, out Execution? execution))
            return false;
        if (RunOf(execution, lease) is { } run)
        {
            if (run.Slot is not null)
                return false;
            Hand(run, slot);
            NoteLeased(run);
            return true;
        }

        if (execution.Phase is not (ExecutionPhase.Queued or ExecutionPhase.Resting) || !slot.Worker.Group.Satisfies(execution.Action.Wish.Platform))
            return false;
        FairShare? turn = execution.Lines.Count > 0 ? execution.Lines[0] : null;
        turn?.AddRunning(1);
        LeavePhase(execution);
        execution.PastLeases?.Remove(lease);
        run = new Run(
            execution, new Lease(lease, execution.Action, execution.QueuedAt, execution.Operations[0].Submission.RequestMetadata), slot.Worker.Name, now)
        {
            Turn = turn,
        };
        execution.Runs.Add(run);
        BeLeased(execution);
        Hand(run, slot);
        NoteLeased(run);
        PublishAll(execution);
        return true;
    }

    private void BeLeased(Execution execution)
    {
        execution.Queue = matching.QueueOf(execution.Action.Wish.Platform);
        execution.Queue.Running++;
        execution.Phase = ExecutionPhase.Leased;
        execution.Stage = Reapi.ExecutionStage.Types.Value.Executing;
    }

    // That a worker is lost is noticed only after some time, which is rest enough; and another worker has done nothing wrong.
    private void LoseLease(Run run)
    {
        Execution execution = run.Execution;
        CountFailure(run.WorkerName);
        Release(run, "lost");
        NoteUnleased(execution, run.Lease.Id, failed: true);
        if (execution.Runs.Count == 0 && !TryAgain(execution, run.WorkerName, Enqueue))
        {
            End(execution, new Outcome.Failed(
                FailureKind.WorkerLost,
                $"the worker was lost while it ran the action, {execution.Attempts} time(s) in all; the last was '{run.WorkerName}'"));
        }
    }

    private void HandBack(Run run)
    {
        Execution execution = run.Execution;
        Release(run, "handed_back");
        if (execution.Runs.Count > 0)
            return;
        execution.Attempts--;
        NoteUnleased(execution, run.Lease.Id, failed: false);
        LeavePhase(execution);
        if (draining && !journals)
            End(execution, shuttingDown);
        else
            Enqueue(execution);
    }

    // After a take-over: workers that have not come back by now are not coming.
    private void GiveUpAwaited(Execution execution)
    {
        for (int i = execution.Runs.Count - 1; i >= 0; i--)
        {
            Run run = execution.Runs[i];
            if (run.Slot is null && run.StartedAt + options.ReconnectTime <= now)
                LoseLease(run);
        }
    }

    // One that takes far longer than those like it may have met a bad worker: another may be faster. Only where nothing else waits for the place.
    private void HedgeIfSlow(Run run)
    {
        Execution execution = run.Execution;
        if (options.HedgeFactor is not { } factor || execution.Runs.Count > 1 || draining || execution.Expected.Seconds is not { } expected
            || execution.Queue!.Waiting > 0 || run.Turn is not { } turn)
        {
            return;
        }

        double patience = Math.Max(factor * expected, options.HedgeAfter.TotalSeconds);
        if ((now - run.StartedAt).TotalSeconds < patience || placement.FindWorker(execution, execution.Queue, [run.WorkerName]) is not { } worker)
            return;
        turn.AddRunning(1);
        turn.Charge(CostOf(execution));
        Start(execution, worker, turn);
    }
}
