namespace RemoteExec.Server.Configuration;

/// <summary>
/// A store that may be out of reach, and one that stands in for it meanwhile; for action results. While `first` is there it alone says what there is, and what is written goes to both. While it is
/// away, `then` answers and takes what is written, which is brought to `first` when that is back, before an older value is answered.
/// </summary>
internal sealed record FallbackOptions : StoreOptions
{
    /// <summary>The store that counts, which others may share.</summary>
    public StoreReference? First { get; init; }

    /// <summary>The store that stands in for it, of this server alone.</summary>
    public StoreReference? Then { get; init; }

    /// <inheritdoc/>
    public override IEnumerable<StoreReference> Children => Given(First, Then);

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate() => Require((nameof(First), First), (nameof(Then), Then));
}
