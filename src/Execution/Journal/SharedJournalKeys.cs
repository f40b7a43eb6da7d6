namespace RemoteExec.Execution.Journal;

/// <summary>
/// The keys by which schedulers share a Redis. All have one hash tag, so that in a cluster they are in one place.
/// <code>
/// PREFIX{scheduler}:state      hash     epoch: the number of the last scheduler that became the active one; generation: which log counts;
///                                       length: how many batches it has; snapshot: how many bytes the snapshot has with which it begins
/// PREFIX{scheduler}:lease      string   epoch and addresses of the active scheduler; expires if that one does not renew it
/// PREFIX{scheduler}:log:GEN    list     batches of journal entries; each snapshot begins a generation
/// </code>
/// </summary>
/// <param name="prefix">What every key begins with.</param>
internal sealed class SharedJournalKeys(string prefix)
{
    /// <summary>State and lease, the keys of each script.</summary>
    public IReadOnlyList<string> Fixed { get; } = [prefix + "{scheduler}:state", prefix + "{scheduler}:lease"];

    /// <summary>What the key of a log begins with; its generation follows.</summary>
    public string Log { get; } = prefix + "{scheduler}:log:";
}
