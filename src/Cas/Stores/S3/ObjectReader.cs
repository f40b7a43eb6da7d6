using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Streams a long value from the bucket; goes on where it was when a connection breaks. Read from its start, it is verified before the last bytes are handed out.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="digest">The key.</param>
/// <param name="place">Where it is.</param>
/// <param name="stream">Its bytes from <paramref name="offset"/> on; this reader disposes it.</param>
/// <param name="checksumWanted">The value's checksum; null if it is not read from the start.</param>
/// <param name="offset">Where in the value to start.</param>
internal sealed class ObjectReader(S3Store store, Digest digest, BlobPlace place, BucketStream stream, uint? checksumWanted, long offset) : BlobReader
{
    private const int Attempts = 3;
    private Crc32C checksum = new();
    private BucketStream? current = stream;
    private long position = offset;

    /// <inheritdoc/>
    public override long Length => place.Length;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(current is null, this);
        if (destination.IsEmpty || position == Length)
            return 0;
        destination = destination[..(int)Math.Min(destination.Length, Length - position)];
        int read = await ReadOnAsync(destination, cancellationToken);
        position += read;
        if (checksumWanted is null)
            return read;
        checksum.Append(destination.Span[..read]);
        if (position < Length || checksum.Value == checksumWanted)
            return read;
        await store.DropDamagedAsync(digest, place, cancellationToken);
        throw new BlobCorruptException(digest);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref current, null) is { } last)
            await last.DisposeAsync();
    }

    private async ValueTask<int> ReadOnAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                int read = await current!.ReadAsync(destination, cancellationToken);
                if (read > 0)
                    return read;
                throw new StoreUnavailableException(store.Name, new EndOfStreamException("the bucket's answer ended early"));
            }
            catch (StoreUnavailableException) when (attempt < Attempts)
            {
                await current!.DisposeAsync();
                current = await store.OpenObjectAsync(place, position, cancellationToken) ?? throw new BlobCorruptException(digest);
            }
        }
    }
}
