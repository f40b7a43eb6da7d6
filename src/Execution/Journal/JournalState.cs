using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>What a journal comes to: read entry by entry, by who starts again and by who stands by. Not thread-safe.</summary>
public sealed class JournalState
{
    private readonly Dictionary<string, OperationRecord> operations = new(StringComparer.Ordinal);
    private readonly Dictionary<long, ExecutionRecord> executions = [];
    private readonly HashSet<string> drains = new(StringComparer.Ordinal);
    private long lastNumber;

    /// <summary>The operations that can still be asked for, in the order in which they were accepted.</summary>
    internal IEnumerable<OperationRecord> Operations => operations.Values.OrderBy(operation => operation.Number);

    /// <summary>The executions that somebody waits for, in the order in which they were launched.</summary>
    internal IEnumerable<ExecutionRecord> Executions => executions.Values.OrderBy(execution => execution.Launched.Execution);

    /// <summary>The names by which workers are out of service.</summary>
    public IReadOnlyCollection<string> Drains => drains;

    /// <summary>The greatest number of an execution so far.</summary>
    public long LastExecution { get; private set; }

    /// <summary>How many operations there are.</summary>
    public int Count => operations.Count;

    /// <summary>Takes the next entry. What refers to something that is over changes nothing.</summary>
    /// <exception cref="InvalidDataException">It is none that this version knows.</exception>
    public void Apply(JournalEntry entry)
    {
        switch (entry.FactCase)
        {
            case JournalEntry.FactOneofCase.Accepted:
                operations[entry.Accepted.Operation] = new OperationRecord(++lastNumber, entry.Accepted);
                break;
            case JournalEntry.FactOneofCase.Launched:
                Launch(entry.Launched);
                break;
            case JournalEntry.FactOneofCase.Attached:
                Attach(entry.Attached.Execution, entry.Attached.Operation);
                break;
            case JournalEntry.FactOneofCase.Leased when executions.TryGetValue(entry.Leased.Execution, out ExecutionRecord? execution):
                execution.Lease(entry.Leased);
                foreach (string name in execution.Operations)
                    operations[name].IsStarted = true;
                break;
            case JournalEntry.FactOneofCase.Unleased when executions.TryGetValue(entry.Unleased.Execution, out ExecutionRecord? execution):
                execution.Unlease(entry.Unleased);
                break;
            case JournalEntry.FactOneofCase.Reported when executions.TryGetValue(entry.Reported.Execution, out ExecutionRecord? execution):
                execution.Reported = entry.Reported;
                break;
            case JournalEntry.FactOneofCase.Ended when operations.TryGetValue(entry.Ended.Operation, out OperationRecord? operation):
                Leave(operation);
                (operation.Ended, operation.EndedAt) = (entry.Ended, entry.At.ToDateTimeOffset());
                break;
            case JournalEntry.FactOneofCase.Deleted when operations.Remove(entry.Deleted.Operation, out OperationRecord? operation):
                Leave(operation);
                break;
            case JournalEntry.FactOneofCase.Drain when entry.Drain.Draining:
                drains.Add(entry.Drain.Worker);
                break;
            case JournalEntry.FactOneofCase.Drain:
                drains.Remove(entry.Drain.Worker);
                break;
            case JournalEntry.FactOneofCase.Counted:
                LastExecution = Math.Max(LastExecution, entry.Counted.Executions);
                break;
            case JournalEntry.FactOneofCase.None:
                throw new InvalidDataException("the journal has an entry of a kind that this version does not know: it is of a newer one");
        }
    }

    /// <summary>Drops operations that ended before a time.</summary>
    public void ForgetEndedBefore(DateTimeOffset time)
    {
        foreach ((string name, OperationRecord operation) in operations)
        {
            if (operation.EndedAt < time)
                operations.Remove(name);
        }
    }

    private void Launch(Launched launched)
    {
        LastExecution = Math.Max(LastExecution, launched.Execution);
        executions[launched.Execution] = new ExecutionRecord(launched);
        Attach(launched.Execution, launched.Operation);
    }

    // An operation can move: from an execution whose result was refused to a newer one of the same action.
    private void Attach(long number, string name)
    {
        if (!executions.TryGetValue(number, out ExecutionRecord? execution) || !operations.TryGetValue(name, out OperationRecord? operation))
            return;
        Leave(operation);
        operation.Execution = number;
        execution.Operations.Add(name);
        execution.IsStarted |= operation.IsStarted;
        operation.IsStarted = execution.IsStarted;
    }

    private void Leave(OperationRecord operation)
    {
        if (operation.Execution is { } number && executions.TryGetValue(number, out ExecutionRecord? execution)
            && execution.Operations.Remove(operation.Accepted.Operation) && execution.Operations.Count == 0)
        {
            executions.Remove(number);
        }

        operation.Execution = null;
    }
}
