using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Reads a value that waits on the local disk. Read from its start, it is verified before the last bytes are handed out.</summary>
/// <param name="store">The store.</param>
/// <param name="pack">The pack, acquired; this reader releases it.</param>
/// <param name="entry">The record.</param>
/// <param name="offset">Where in the value to start.</param>
internal sealed class SpoolReader(S3Store store, SpoolPack pack, PackEntry entry, long offset) : BlobReader
{
    private readonly bool verify = offset == 0;
    private Crc32C checksum = new();
    private long position = offset;
    private SpoolPack? held = pack;

    /// <inheritdoc/>
    public override long Length => entry.Record.ValueLength;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(held is null, this);
        int count = (int)Math.Min(destination.Length, Length - position);
        if (count == 0)
            return ValueTask.FromResult(0);
        Span<byte> target = destination.Span[..count];
        bool intact = held.Read(target, entry.Offset + entry.Record.HeaderLength + position) == count;
        position += count;
        if (intact && verify)
        {
            checksum.Append(target);
            intact = position < Length || checksum.Value == entry.Record.Checksum;
        }

        if (intact)
            return ValueTask.FromResult(count);
        store.DropDamaged(entry, held);
        return ValueTask.FromException<int>(new BlobCorruptException(entry.Record.Digest));
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref held, null)?.Release();
        return ValueTask.CompletedTask;
    }
}
