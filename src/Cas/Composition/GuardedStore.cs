using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Lets callers read and write only in instances in which they may; anything else is an <see cref="AccessDeniedException"/>. It is what services for clients see, so that none can forget to ask. Who
/// may write may ask what is missing, as clients do before they write. What was opened may be used to its end.
/// </summary>
/// <param name="inner">The store within.</param>
/// <param name="guard">Knows the caller.</param>
/// <param name="read">The right that reading takes.</param>
/// <param name="write">The right that writing takes.</param>
public sealed class GuardedStore(IBlobStore inner, AccessGuard guard, Right read = Right.ReadCas, Right write = Right.WriteCas) : IBlobStore
{
    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may neither read nor write there.</exception>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ReadOnlySpan<Digest> all = DigestSpan.Of(digests);
        for (int i = 0; i < all.Length; i++)
        {
            if (i == 0 || all[i].Instance != all[i - 1].Instance)
                guard.Check(read | write, all[i].Instance);
        }

        return inner.FindMissingAsync(digests, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may not read there.</exception>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        guard.Check(read, digest.Instance);
        return inner.OpenReadAsync(digest, offset, cancellationToken);
    }

    /// <inheritdoc/>
    /// <exception cref="AccessDeniedException">The caller may not write there.</exception>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        guard.Check(write, digest.Instance);
        return inner.OpenWriteAsync(digest, length, cancellationToken);
    }
}
