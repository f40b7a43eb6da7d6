using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol.Journals;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

// How a scheduler goes on where another one stopped.
internal sealed partial class Scheduler
{
    /// <summary>
    /// Takes up what a journal tells, before the first event. What ran is awaited: its worker has <see cref="ExecutionOptions.ReconnectTime"/> to say that it goes on, or has ended;
    /// clients have <see cref="ExecutionOptions.AbandonedGrace"/> to ask again.
    /// </summary>
    /// <exception cref="InvalidDataException">The journal makes no sense.</exception>
    public IReadOnlyList<SchedulerEffect> Restore(JournalState journal, DateTimeOffset time)
    {
        now = time;
        effects = [];
        facts = [];
        lastExecution = journal.LastExecution;
        journal.ForgetEndedBefore(now - options.Retention + TimeSpan.FromTicks(1));
        foreach (string name in journal.Drains)
            drains[name] = new WorkerDrain(name, HandsBackAt: null);
        var restored = new Dictionary<string, Operation>(StringComparer.Ordinal);
        foreach (OperationRecord record in journal.Operations.OrderBy(record => record.EndedAt ?? DateTimeOffset.MaxValue))
            restored.Add(record.Accepted.Operation, Restore(record));
        foreach (ExecutionRecord record in journal.Executions)
            Restore(record, [.. record.Operations.Select(name => restored[name]).OrderBy(operation => operation.Name.Id)]);
        foreach (Operation operation in restored.Values)
        {
            Publish(operation);
            if (operation is { Outcome: null, Execution: null })
                effects.Add(new SchedulerEffect.Prepare(operation.Name, operation.ActionDigest, operation.Submission.SkipCacheLookup));
        }

        return Finish();
    }

    private Operation Restore(OperationRecord record)
    {
        Operation operation = JournalMessages.ToOperation(record.Accepted);
        operation.Waiters = 0;
        operation.AbandonedAt = now;
        operations.Add(operation);
        if (record.Ended is { } ended)
        {
            operation.Outcome = JournalMessages.ToOutcome(ended, operation.ActionDigest);
            operation.DoneAt = record.EndedAt!.Value;
            operations.Retire(operation);
            PlanForgetting();
        }
        else
        {
            agenda.Add(now + options.AbandonedGrace, operation);
        }

        return operation;
    }

    private void Restore(ExecutionRecord record, Operation[] waiting)
    {
        Launched launched = record.Launched;
        if (!options.Properties.TryRead(launched.Platform, out PlatformWish wish, out string? error))
            throw new InvalidDataException(error);
        PreparedAction action = PreparedAction.Of(waiting[0].ActionDigest, launched.Action, wishes.Share(wish), launched.Timeout.ToTimeSpan()) with
        {
            Locality = [.. launched.Locality],
        };
        var execution = new Execution(launched.Execution, action, launched.Queued.ToDateTimeOffset())
        {
            Attempts = record.Attempts,
            MemoryFloor = record.MemoryFloor,
            FailedOn = record.FailedOn.Count > 0 ? record.FailedOn : null,
            PastLeases = record.PastLeases.Count > 0 ? record.PastLeases : null,
            Priority = waiting.Min(operation => operation.Submission.Priority),
            Phase = ExecutionPhase.Resting,
        };
        ExecutionsInFlight++;
        foreach (Operation operation in waiting)
        {
            operation.Execution = execution;
            execution.Operations.Add(operation);
        }

        if (!action.DoNotCache)
            mergeable.Set(execution);
        foreach (string lease in record.PastLeases)
            leases[lease] = execution;
        if (record.IsStarted)
            execution.Stage = Stage.Executing;
        if (record.Reported is { } reported)
            RestoreReport(execution, reported);
        else if (record.Leases.Count > 0)
            Await(execution, record.Leases);
        else
            Enqueue(execution);
    }

    // The result may have been stored, or not.
    private void RestoreReport(Execution execution, Reported reported)
    {
        execution.Phase = ExecutionPhase.Recording;
        recording.Add(execution.Id, execution);
        execution.Stage = Stage.Executing;
        execution.Progress = reported.Response.Result?.ExecutionMetadata is { } metadata ? new RunProgress(metadata) : null;
        execution.Reported = new SchedulerEffect.Record(execution.Id, execution.Action.Digest, reported.Response, reported.Store) { Submission = SubmissionOf(execution), IsRepeated = true };
        effects.Add(execution.Reported);
    }

    private void Await(Execution execution, List<Leased> given)
    {
        BeLeased(execution);
        foreach (Leased leased in given)
        {
            Resources? setAside = leased.MemoryBytes > 0 ? new Resources(leased.CpuMillis, leased.MemoryBytes) : null;
            var lease = new Lease(leased.Lease, execution.Action, execution.QueuedAt, execution.Operations[0].Submission.RequestMetadata, setAside);
            var run = new Run(execution, lease, leased.Worker, now);
            execution.Runs.Add(run);
            awaited.Add(run);
            execution.Progress = run.Progress;
            leases[lease.Id] = execution;
        }

        agenda.Add(now + options.ReconnectTime, execution);
    }
}
