namespace RemoteExec.Server.Configuration;

/// <summary>Follows references to stores. For configurations in which each leads somewhere and none in a circle.</summary>
/// <param name="named">The stores that references by name lead to.</param>
internal sealed class StoreGraph(IReadOnlyDictionary<string, StoreReference> named)
{
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

    private IEnumerable<StoreOptions> KeepersOf(StoreReference reference) =>
        AllOf(reference).Where(options => !options.Children.Any() && !options.SeparatesUses);
}
