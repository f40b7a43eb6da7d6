using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Protocol.Journals;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

// What has to be found again: told as it happens, and all at once for a snapshot.
internal sealed partial class Scheduler
{
    private List<JournalEntry> facts = [];

    /// <summary>What the last event has made true that must not be forgotten, in order; nothing if this scheduler does not journal.</summary>
    public IReadOnlyList<JournalEntry> Facts => facts;

    /// <summary>Entries from which a scheduler like this one can be made, and no more of them than there are things to tell.</summary>
    public IReadOnlyList<JournalEntry> TakeSnapshot()
    {
        (List<JournalEntry> told, facts) = (facts, []);
        Add(new JournalEntry { Counted = new Counted { Executions = lastExecution } });
        foreach (string name in drains.Keys)
            AddDrain(name, draining: true);
        foreach (Operation operation in operations.All)
        {
            AddAccepted(operation);
            if (operation.Outcome is not null)
                AddEnded(operation);
        }

        foreach (Execution execution in AllExecutions())
            AddExecution(execution);
        (List<JournalEntry> snapshot, facts) = (facts, told);
        return snapshot;
    }

    private void AddExecution(Execution execution)
    {
        AddLaunched(execution.Operations[0], execution);
        for (int i = 1; i < execution.Operations.Count; i++)
            AddAttached(execution.Operations[i], execution);
        if (execution is { Stage: Stage.Executing, Runs.Count: 0, FailedOn: null, PastLeases: null })
        {
            // It goes on with what another one has begun.
            AddLeased(execution, "", "", "", at: now);
            AddUnleased(execution, "", failed: false);
        }

        foreach (string worker in execution.FailedOn ?? [])
        {
            AddLeased(execution, "", "", worker, at: now);
            AddUnleased(execution, "", failed: true);
        }

        foreach (string lease in execution.PastLeases ?? [])
        {
            AddLeased(execution, lease, "", "", at: now);
            AddUnleased(execution, lease, failed: false);
        }

        foreach (Run run in execution.Runs)
            AddLeased(run);
        if (execution.Reported is { } reported)
            AddReported(reported);
    }

    private void NoteAccepted(Operation operation)
    {
        if (journals)
            AddAccepted(operation);
    }

    private void NoteLaunched(Operation operation, Execution execution)
    {
        if (journals)
            AddLaunched(operation, execution);
    }

    private void NoteAttached(Operation operation, Execution execution)
    {
        if (journals)
            AddAttached(operation, execution);
    }

    private void NoteLeased(Run run)
    {
        if (journals)
            AddLeased(run);
    }

    private void NoteUnleased(Execution execution, string lease, bool failed)
    {
        if (journals)
            AddUnleased(execution, lease, failed);
    }

    private void NoteReported(SchedulerEffect.Record record)
    {
        if (journals)
            AddReported(record);
    }

    private void NoteEnded(Operation operation)
    {
        if (journals)
            AddEnded(operation);
    }

    private void NoteDeleted(Operation operation)
    {
        if (journals)
            Add(new JournalEntry { Deleted = new Deleted { Operation = operation.Name.ToString() } });
    }

    private void NoteDrain(string name, bool draining)
    {
        if (journals)
            AddDrain(name, draining);
    }

    private void AddAccepted(Operation operation) => Add(new JournalEntry { Accepted = JournalMessages.ToAccepted(operation) });

    private void AddLaunched(Operation operation, Execution execution) => Add(new JournalEntry
    {
        Launched = new Launched
        {
            Execution = execution.Id,
            Operation = operation.Name.ToString(),
            Action = execution.Action.ToProto(),
            Platform = execution.Action.Wish.Message,
            Timeout = Duration.FromTimeSpan(execution.Action.Timeout),
            Queued = Timestamp.FromDateTimeOffset(execution.QueuedAt),
            Locality = { execution.Action.Locality },
        },
    });

    private void AddAttached(Operation operation, Execution execution) =>
        Add(new JournalEntry { Attached = new Attached { Execution = execution.Id, Operation = operation.Name.ToString() } });

    private void AddLeased(Run run) => AddLeased(run.Execution, run.Lease.Id, run.Slot?.Id ?? "", run.WorkerName, run.StartedAt, run.Taken);

    private void AddLeased(Execution execution, string lease, string slot, string worker, DateTimeOffset at, Resources taken = default) => Add(new JournalEntry
    {
        At = Timestamp.FromDateTimeOffset(at),
        Leased = new Leased
        {
            Execution = execution.Id,
            Lease = lease,
            Slot = slot,
            Worker = worker,
            Attempts = execution.Attempts,
            CpuMillis = taken.CpuMillis,
            MemoryBytes = taken.MemoryBytes,
        },
    });

    private void AddUnleased(Execution execution, string lease, bool failed) => Add(new JournalEntry
    {
        Unleased = new Unleased
        {
            Execution = execution.Id,
            Lease = lease,
            Attempts = execution.Attempts,
            Failed = failed,
            MemoryBytes = execution.MemoryFloor,
        },
    });

    private void AddReported(SchedulerEffect.Record record) => Add(new JournalEntry
    {
        Reported = new Reported { Execution = record.ExecutionId, Response = record.Response, Store = record.Store },
    });

    private void AddEnded(Operation operation)
    {
        Ended ended = JournalMessages.ToEnded(operation.Outcome!);
        ended.Operation = operation.Name.ToString();
        Add(new JournalEntry { At = Timestamp.FromDateTimeOffset(operation.DoneAt), Ended = ended });
    }

    private void AddDrain(string name, bool draining) => Add(new JournalEntry { Drain = new Drain { Worker = name, Draining = draining } });

    private void Add(JournalEntry entry)
    {
        entry.At ??= Timestamp.FromDateTimeOffset(now);
        facts.Add(entry);
    }
}
