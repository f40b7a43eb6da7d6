namespace RemoteExec.Server.Configuration;

/// <summary>A store that is only read: writes to it are refused with PERMISSION_DENIED. As the slow side of `fastSlow` it goes with `slowWrites: none`.</summary>
internal sealed record ReadOnlyOptions : StoreOptions
{
    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Store);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => Require((nameof(Store), Store));
}
