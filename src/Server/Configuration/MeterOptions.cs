namespace RemoteExec.Server.Configuration;

/// <summary>Counts what a store does, under its name: operations with outcome and duration, bytes, hits and misses (meter `RemoteExec.Cas`).</summary>
internal sealed record MeterOptions : StoreOptions
{
    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>The name in the metrics; without it, that of the store.</summary>
    public string? Name { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Store);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => Require((nameof(Store), Store));
}
