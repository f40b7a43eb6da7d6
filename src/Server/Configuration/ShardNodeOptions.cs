using RemoteExec.Cas.Composition;

namespace RemoteExec.Server.Configuration;

/// <summary>One node of a shard.</summary>
internal sealed record ShardNodeOptions : IOptions
{
    /// <summary>What its share follows from: to rename a node is to move its share.</summary>
    public string Name { get; init; } = "";

    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>How large its share is, against the other weights.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>
    /// `active`; `joining`, a new node: what it misses is asked of the node that had its share before, and copied to it; `draining`, one that is to go: it is written to no more, and asked for what the new owners miss.
    /// </summary>
    public ShardNodeState State { get; init; } = ShardNodeState.Active;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Name.Length == 0)
            yield return new(nameof(Name), "is missing: give the node a name that it keeps");
        if (Store is null)
            yield return new(nameof(Store), "is missing: name a store, or describe one");
        if (Weight is < 1 or > 1_000_000)
            yield return new(nameof(Weight), "must be between 1 and 1000000");
    }
}
