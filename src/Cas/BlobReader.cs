namespace RemoteExec.Cas;

/// <summary>Reads one blob: its bytes are pulled into the caller's memory. Not thread-safe.</summary>
public abstract class BlobReader : IAsyncDisposable
{
    /// <summary>The length of the stored value in bytes, whatever the offset at which it was opened.</summary>
    public abstract long Length { get; }

    /// <summary>
    /// Reads the next bytes and returns how many, at least 1 unless the destination is empty; 0 at the end of the blob.
    /// </summary>
    /// <exception cref="BlobCorruptException">The stored bytes are damaged; the store has dropped the blob.</exception>
    /// <exception cref="StoreUnavailableException">The medium failed.</exception>
    public abstract ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// Says that nobody will want this value any more, so that its space may be used for others. A store that can forgets it, unless it has another one under its digest by now; by
    /// default nothing happens. What is being read can be read on.
    /// </summary>
    public virtual void Discard()
    {
        // Not every store can.
    }

    /// <summary>Releases what the reader holds.</summary>
    public abstract ValueTask DisposeAsync();
}
