namespace RemoteExec.Server.Configuration;

/// <summary>
/// Hashes what is read in whole from a store that is not trusted to give back what it was given: what is not what its digest names is an error before its last bytes are handed out. For blobs only.
/// </summary>
internal sealed record VerifyOptions : StoreOptions
{
    /// <summary>The store.</summary>
    public StoreReference? Store { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Store);

    /// <inheritdoc/>
    public override bool KeepsAnyValue => false;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => Require((nameof(Store), Store));
}
