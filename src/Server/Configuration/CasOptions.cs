namespace RemoteExec.Server.Configuration;

/// <summary>The content addressable storage.</summary>
internal sealed record CasOptions : IOptions
{
    /// <summary>The store; without one, segments in the data directory, bounded by <c>maxSize</c>.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>The longest blob that is accepted; 0 for no bound.</summary>
    public ByteSize MaxBlobBytes { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
