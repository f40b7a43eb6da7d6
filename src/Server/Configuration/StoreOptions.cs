namespace RemoteExec.Server.Configuration;

/// <summary>The settings of one kind of store. The kinds are listed in <see cref="StoreKinds"/>.</summary>
internal abstract record StoreOptions : IOptions
{
    /// <summary>The stores that this one is made of; none for a store that keeps blobs itself.</summary>
    public virtual IEnumerable<StoreReference> Children => [];

    /// <summary>
    /// Whether any value can be kept under any whole digest, as is done with the recipes of chunks. Of a store that is made of others, whether it leaves that to them: see
    /// <see cref="StoreGraph"/>.
    /// </summary>
    public virtual bool KeepsAnyValue => true;

    /// <summary>Whether it can be a store of the action cache, or part of one; of a store that is made of others, as with <see cref="KeepsAnyValue"/>.</summary>
    public virtual bool CanKeepResults => KeepsAnyValue;

    /// <summary>Whether what these settings lead to keeps blobs and results apart by itself, so that both may be given to it.</summary>
    public virtual bool SeparatesUses => false;

    /// <inheritdoc/>
    public abstract IEnumerable<OptionProblem> Validate();

    /// <summary>Those that are given.</summary>
    protected static IEnumerable<StoreReference> Given(params IEnumerable<StoreReference?> stores) => stores.OfType<StoreReference>();

    /// <summary>A problem for each store that is not given.</summary>
    protected static IEnumerable<OptionProblem> Require(params IEnumerable<(string Property, StoreReference? Store)> stores) =>
        stores.Where(store => store.Store is null).Select(store => new OptionProblem(store.Property, "is missing: name a store, or describe one"));

    /// <summary>A problem for each duration that is not more than nothing.</summary>
    protected static IEnumerable<OptionProblem> RequirePositive(params IEnumerable<(string Property, TimeSpan Value)> durations) =>
        durations.Where(duration => duration.Value <= TimeSpan.Zero).Select(duration => new OptionProblem(duration.Property, "must be positive"));
}
