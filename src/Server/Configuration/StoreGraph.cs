namespace RemoteExec.Server.Configuration;

/// <summary>Follows references to stores. For configurations in which each leads somewhere and none in a circle.</summary>
/// <param name="named">The stores that references by name lead to.</param>
internal sealed class StoreGraph(IReadOnlyDictionary<string, StoreReference> named)
{
    private static readonly TimeSpan margin = TimeSpan.FromSeconds(5);

    /// <summary>What the store is.</summary>
    public StoreOptions OptionsOf(StoreReference reference)
    {
        while (reference.Name is { } name)
            reference = named[name];
        return reference.Options!;
    }

    /// <summary>The store and all that it is made of.</summary>
    public IEnumerable<StoreOptions> AllOf(StoreReference reference)
    {
        StoreOptions options = OptionsOf(reference);
        return options.Children.SelectMany(AllOf).Prepend(options);
    }

    /// <summary>Whether the store keeps any value under any whole digest.</summary>
    public bool KeepsAnyValue(StoreReference reference) => AllOf(reference).All(options => options.KeepsAnyValue);

    /// <summary>Whether the store can be that of the action cache.</summary>
    public bool CanKeepResults(StoreReference reference) => AllOf(reference).All(options => options.CanKeepResults);

    /// <summary>True if what is written to one of two stores may be read from the other, or drive its content out.</summary>
    public bool Share(StoreReference one, StoreReference other)
    {
        HashSet<StoreOptions> keepers = new(KeepersOf(one), ReferenceEqualityComparer.Instance);
        return KeepersOf(other).Any(keepers.Contains);
    }

    /// <summary>
    /// How long a part of the store may take before it counts as out of reach, of a store that watches its parts: what the settings say, or a little longer than the part may take itself
    /// until it has done without something. Else a part that is well but waits for another would be given up.
    /// </summary>
    public TimeSpan TimeoutOf(StoreOptions options)
    {
        TimeSpan? given = options switch
        {
            ShardOptions shard => shard.Timeout,
            MirrorOptions mirror => mirror.Timeout,
            FastSlowOptions tiers => tiers.Timeout,
            _ => throw new ArgumentException($"{options.GetType().Name} does not watch its parts", nameof(options)),
        };
        IEnumerable<StoreReference> watched = options is FastSlowOptions { Slow: { } slow } ? [slow] : options.Children;
        return given ?? margin + watched.Select(PatienceOf).Max();
    }

    /// <summary>How long a store may take for one thing with parts of it out of reach.</summary>
    private TimeSpan PatienceOf(StoreReference reference) => OptionsOf(reference) switch
    {
        RemoteOptions remote => margin + remote.Patience,
        ShardOptions shard => 2 * TimeoutOf(shard), // the owner, and the next
        MirrorOptions mirror => mirror.Stores.Count * TimeoutOf(mirror),
        FastSlowOptions tiers => TimeoutOf(tiers) + PatienceOf(tiers.Fast!),
        { } other => other.Children.Select(PatienceOf).DefaultIfEmpty(TimeSpan.Zero).Max(),
    };

    private IEnumerable<StoreOptions> KeepersOf(StoreReference reference) =>
        AllOf(reference).Where(options => !options.Children.Any() && !options.SeparatesUses);
}
