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

    /// <summary>The length of the zstd frames that the blob is stored as, if it is, and this reader was opened at its start: then they can be had as they are. Else null.</summary>
    public virtual long? ZstdLength => null;

    /// <summary>As <see cref="ReadAsync"/>, but reads the zstd frames, if <see cref="ZstdLength"/> tells of some. A reader is read in one of the two ways.</summary>
    /// <exception cref="NotSupportedException">The blob is not stored so.</exception>
    public virtual ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        throw new NotSupportedException("the blob is not stored as zstd frames");

    /// <summary>Releases what the reader holds.</summary>
    public abstract ValueTask DisposeAsync();
}
