namespace RemoteExec.Execution.Scheduling;

/// <summary>The place of a share in one queue, where it competes with those of its siblings; that of a build has the executions that wait.</summary>
internal sealed class FairPlace(PlatformQueue queue, FairShare share, FairPlace? above)
{
    private static readonly Comparer<FairPlace> order = Comparer<FairPlace>.Create((one, other) => FairShare.Compare(one.Share, other.Share));

    /// <summary>The queue.</summary>
    public PlatformQueue Queue { get; } = queue;

    /// <summary>Whose place it is.</summary>
    public FairShare Share { get; } = share;

    /// <summary>The place of the share above; null for the root.</summary>
    public FairPlace? Above { get; } = above;

    /// <summary>The places of the shares below, the one whose turn it is first.</summary>
    public SortedSet<FairPlace> Below { get; } = new(order);

    /// <summary>What waits for the turn of this share itself, most urgent first.</summary>
    public SortedSet<Execution> Waiting { get; } = [];

    /// <summary>The part of it that has failed somewhere, and is not for every worker.</summary>
    public SortedSet<Execution> Retrying { get; } = [];

    /// <summary>True if nothing waits here.</summary>
    public bool IsEmpty => Below.Count == 0 && Waiting.Count == 0 && Retrying.Count == 0;

    /// <summary>Puts an execution here.</summary>
    public void Add(Execution execution) => (execution.FailedOn is null ? Waiting : Retrying).Add(execution);

    /// <summary>Takes an execution away.</summary>
    public void Remove(Execution execution) => (execution.FailedOn is null ? Waiting : Retrying).Remove(execution);

    /// <summary>Takes part in the competition.</summary>
    public void Enter() => Above?.Below.Add(this);

    /// <summary>Takes no part; what it is sorted by may change.</summary>
    public void Leave() => Above?.Below.Remove(this);
}
