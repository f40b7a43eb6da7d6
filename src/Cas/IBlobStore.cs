using RemoteExec.Protocol;

namespace RemoteExec.Cas;

/// <summary>
/// Where blobs live: the one abstraction that every store implements and every decorator wraps. The CAS is one tree of these; the
/// action cache is another, in which the value under an action's digest is the serialized result. All methods may be called concurrently.
/// </summary>
/// <remarks>
/// A miss is a value. A fault of the medium is a <see cref="StoreUnavailableException"/>; running out of room is a <see cref="StoreFullException"/>.
/// A decorator never asks what it wraps.
/// <para>
/// A store keeps at most one value for each instance, function and hash (<see cref="Digest.WithoutSize"/>), together with the size in the digest
/// it was written under. A look-up finds it if <see cref="Digest.Matches"/> says so: the right hash with a wrong size is absent (DIG-02), a digest
/// without a size finds whatever is there.
/// </para>
/// </remarks>
public interface IBlobStore
{
    /// <summary>
    /// Returns the digests that can't be read, each as it was asked, in first-seen order and without duplicates (CAS-01). What is not
    /// returned can be read right afterwards (CAS-04) and counts as used now (CAS-02).
    /// </summary>
    ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken);

    /// <summary>
    /// Opens a blob for reading from <paramref name="offset"/> (bytes, 0 to the stored length inclusive; beyond that
    /// <see cref="ArgumentOutOfRangeException"/>) to its end, and counts it as used. Null if it is absent. What was opened can be read to
    /// its end even if the blob is evicted meanwhile. The caller disposes the reader.
    /// </summary>
    ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken);

    /// <summary>
    /// Starts writing a value of exactly <paramref name="length"/> bytes under a digest. It becomes visible, whole, at
    /// <see cref="BlobWriter.CommitAsync"/> and not before; concurrent writers of one digest all succeed (BSW-12), the last commit wins.
    /// The caller disposes the writer; disposing without a commit leaves nothing readable (CAS-14).
    /// </summary>
    /// <exception cref="StoreFullException">There is no room for it and none can be made.</exception>
    /// <exception cref="BlobMismatchException">A verifying store sees from the length that the content can't be what the digest names.</exception>
    ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken);
}
