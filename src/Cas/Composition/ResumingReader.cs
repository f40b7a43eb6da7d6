using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// A read that, when its store goes out of reach, goes on at the same offset with a reader that is opened anew, here or elsewhere. Only a value whose length is that of its digest is gone on with
/// once part of it was handed out: another may have been replaced meanwhile, and halves of two make none.
/// </summary>
/// <param name="digest">What is read.</param>
/// <param name="first">The reader to begin with; owned from here on.</param>
/// <param name="offset">Where it stands.</param>
/// <param name="reopen">Opens another at an offset; null if there is none, or not any more.</param>
internal sealed class ResumingReader(
    Digest digest, BlobReader first, long offset, Func<long, CancellationToken, ValueTask<BlobReader?>> reopen) : BlobReader
{
    private readonly long length = first.Length;
    private readonly long start = offset;
    private BlobReader current = first;
    private long position = offset;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override long? ZstdLength => position == 0 ? current.ZstdLength : null;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                int read = await current.ReadAsync(destination, cancellationToken);
                position += read;
                return read;
            }
            catch (StoreUnavailableException)
            {
                if (!await TryGoOnAsync(cancellationToken))
                    throw;
            }
        }
    }

    /// <summary>As it is within: what broke off is not gone on with.</summary>
    public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) => current.ReadZstdAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public override void Discard() => current.Discard();

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => current.DisposeAsync();

    private async ValueTask<bool> TryGoOnAsync(CancellationToken cancellationToken)
    {
        if ((position > start && digest.SizeBytes != length) || await reopen(position, cancellationToken) is not { } other)
            return false;
        if (other.Length != length)
        {
            await other.DisposeAsync();
            return false;
        }

        await current.DisposeAsync();
        current = other;
        return true;
    }
}
