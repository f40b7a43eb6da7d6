namespace RemoteExec.Server.Configuration;

/// <summary>
/// Two stores, one for small blobs and one for large ones, told apart by the size in their digests. For blobs only: an action result may be stored under a digest without a size.
/// </summary>
internal sealed record SizeSplitOptions : StoreOptions
{
    /// <summary>The store of blobs of up to <c>limit</c>.</summary>
    public StoreReference? Small { get; init; }

    /// <summary>The store of longer ones.</summary>
    public StoreReference? Large { get; init; }

    /// <summary>The size of the largest blob that counts as small.</summary>
    public ByteSize Limit { get; init; } = new(1024 * 1024);

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(Small, Large);

    /// <inheritdoc/>
    public override bool CanKeepResults => false;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => Require((nameof(Small), Small), (nameof(Large), Large));
}
