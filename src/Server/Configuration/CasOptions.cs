namespace RemoteExec.Server.Configuration;

/// <summary>The content addressable storage.</summary>
internal sealed record CasOptions : IOptions
{
    /// <summary>The store; without one, segments in the data directory, bounded by <c>maxSize</c>.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>The longest blob that is accepted; 0 for no bound.</summary>
    public ByteSize MaxBlobBytes { get; init; }

    /// <summary>
    /// When large blobs are cut into chunks, of which each is kept once however many blobs have it: `onDemand`, when a client asks for it or puts a blob together of chunks; `always`,
    /// when they are written, which takes a second hash, but much less room where builds differ little.
    /// </summary>
    public ChunkingMode Chunking { get; init; } = ChunkingMode.OnDemand;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
