using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Scheduling;

/// <summary>The operations by name: those that are not done, and for a while those that are (WEX-03).</summary>
internal sealed class OperationTable(TimeSpan retention, int maxRetained)
{
    private readonly Dictionary<OperationName, Operation> byName = [];
    private readonly Queue<Operation> done = new(); // the oldest first; may hold deleted ones
    private readonly Dictionary<string, List<Operation>> byInvocation = new(StringComparer.Ordinal); // of those that name one

    /// <summary>Those that are not done.</summary>
    public IEnumerable<Operation> Unfinished => byName.Values.Where(operation => operation.Outcome is null);

    /// <summary>How many are not done.</summary>
    public int UnfinishedCount { get; private set; }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<Operation> All => byName.Values;

    /// <summary>Those that are done, the newest first.</summary>
    public IEnumerable<Operation> Done => done.Reverse().Where(operation => Find(operation.Name) == operation);

    /// <summary>When the time of the oldest done operation is over, or was if it was deleted; null if there is none.</summary>
    public DateTimeOffset? NextExpiry => done.TryPeek(out Operation? oldest) ? oldest.DoneAt + retention : null;

    /// <summary>The operation of that name; null if there is none.</summary>
    public Operation? Find(OperationName name) => byName.GetValueOrDefault(name);

    /// <summary>Those of one build, done or not.</summary>
    public IReadOnlyCollection<Operation> OfInvocation(string invocation) => byInvocation.TryGetValue(invocation, out List<Operation>? found) ? found : [];

    /// <summary>The build of an operation; empty if its client named none.</summary>
    public static string InvocationOf(Operation operation) => operation.Submission.RequestMetadata?.ToolInvocationId ?? "";

    /// <summary>Adds an operation that is not done.</summary>
    public void Add(Operation operation)
    {
        byName.Add(operation.Name, operation);
        UnfinishedCount++;
        if (InvocationOf(operation) is not { Length: > 0 } invocation)
            return;
        if (!byInvocation.TryGetValue(invocation, out List<Operation>? others))
            byInvocation.Add(invocation, others = []);
        operation.PlaceInBuild = others.Count;
        others.Add(operation);
    }

    /// <summary>Counts an operation as done from now on.</summary>
    public void Retire(Operation operation)
    {
        UnfinishedCount--;
        done.Enqueue(operation);
    }

    /// <summary>Removes an operation that was deleted.</summary>
    public void Remove(Operation operation)
    {
        byName.Remove(operation.Name);
        UnfinishedCount -= operation.Outcome is null ? 1 : 0;
        LeaveInvocation(operation);
    }

    /// <summary>Removes a done operation whose time is over, or that is one too many; null if there is none.</summary>
    public Operation? TakeExpired(DateTimeOffset now)
    {
        while (done.TryPeek(out Operation? oldest) && (done.Count > maxRetained || oldest.DoneAt + retention <= now))
        {
            done.Dequeue();
            if (byName.Remove(oldest.Name))
            {
                LeaveInvocation(oldest);
                return oldest;
            }
        }

        return null;
    }

    private void LeaveInvocation(Operation operation)
    {
        string invocation = InvocationOf(operation);
        if (!byInvocation.TryGetValue(invocation, out List<Operation>? others))
            return;

        // The last one takes its place.
        Operation last = others[^1];
        others[operation.PlaceInBuild] = last;
        last.PlaceInBuild = operation.PlaceInBuild;
        others.RemoveAt(others.Count - 1);
        if (others.Count == 0)
            byInvocation.Remove(invocation);
    }
}
