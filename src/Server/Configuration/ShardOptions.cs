namespace RemoteExec.Server.Configuration;

/// <summary>
/// One store out of several nodes, each of which owns a share of the digests, by rendezvous hashing: a node that is added takes its share and moves nothing else. A node that is out of reach makes its share
/// missing, and is no error; what is written meanwhile goes to the next node.
/// </summary>
internal sealed record ShardOptions : StoreOptions
{
    private const int MaxNodes = 256;

    /// <summary>The nodes, in any order.</summary>
    public IReadOnlyList<ShardNodeOptions> Nodes { get; init; } = [];

    /// <summary>How long a node that was out of reach is not believed to know everything: what it misses is asked of the next node too.</summary>
    public TimeSpan Handoff { get; init; } = TimeSpan.FromHours(3);

    /// <summary>
    /// How long a node may take for a look-up, for opening, and for each piece that is read or written, before it counts as out of reach. Without it, 5s, and as long as what it is
    /// made of may take itself: 10s for another server with a `patience` of 0s, 25s for a mirror of two such.
    /// </summary>
    public TimeSpan? Timeout { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Nodes.Select(node => node.Store));

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (Nodes.All(node => node.State == Cas.Composition.ShardNodeState.Draining))
            yield return new(nameof(Nodes), "must have one at least that is not draining");
        if (Nodes.Count > MaxNodes)
            yield return new(nameof(Nodes), $"must be at most {MaxNodes}");
        foreach (string name in Nodes.CountBy(node => node.Name).Where(count => count.Value > 1).Select(count => count.Key))
            yield return new(nameof(Nodes), $"two of them have the name '{name}'");
        if (Handoff < TimeSpan.Zero)
            yield return new(nameof(Handoff), "must not be negative");
        foreach (OptionProblem problem in RequirePositive((nameof(Timeout), Timeout ?? TimeSpan.MaxValue)))
            yield return problem;
    }
}
