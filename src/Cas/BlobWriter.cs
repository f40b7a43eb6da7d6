using System.Buffers;

namespace RemoteExec.Cas;

/// <summary>Writes one blob: chunks are pushed, and nothing is visible before <see cref="CommitAsync"/>. Not thread-safe.</summary>
public abstract class BlobWriter : IAsyncDisposable
{
    /// <summary>Appends bytes; the data is borrowed until the returned task completes.</summary>
    /// <exception cref="InvalidOperationException">More bytes than were announced.</exception>
    /// <exception cref="StoreUnavailableException">The medium failed.</exception>
    public abstract ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken);

    /// <summary>Makes the blob visible. To be called once, after all announced bytes were written.</summary>
    /// <exception cref="InvalidOperationException">Fewer bytes were written than were announced.</exception>
    /// <exception cref="BlobMismatchException">A verifying writer found that the content is not what the digest names.</exception>
    /// <exception cref="StoreUnavailableException">The medium failed.</exception>
    public abstract ValueTask CommitAsync(CancellationToken cancellationToken);

    /// <summary>Releases what the writer holds; without a commit before, what was written is dropped.</summary>
    public abstract ValueTask DisposeAsync();
}
