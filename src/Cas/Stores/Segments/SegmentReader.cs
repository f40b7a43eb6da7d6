using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Reads a record's value from its segment straight into the caller's memory. When the whole value is read, its checksum is verified
/// before the last bytes are handed out; a read that starts further on can't know of damage.
/// </summary>
internal sealed class SegmentReader(SegmentStore store, SegmentFile segment, UInt128 tag, RecordPlace place, RecordHeader header, long offset) : BlobReader
{
    private readonly bool verify = offset == 0;
    private Crc32C checksum = new();
    private long position = offset;
    private SegmentFile? held = segment;

    /// <inheritdoc/>
    public override long Length => header.ValueLength;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(held is null, this);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<int>(cancellationToken);
        int count = (int)Math.Min(destination.Length, Length - position);
        if (count == 0)
            return ValueTask.FromResult(0);

        // Synchronous on purpose, see SegmentFile.Write.
        Span<byte> target = destination.Span[..count];
        bool intact = held.Read(target, place.Offset + header.Length + position) == count;
        position += count;
        if (intact && verify)
        {
            checksum.Append(target);
            intact = position < Length || checksum.Value == header.Checksum;
        }

        if (intact)
            return ValueTask.FromResult(count);
        store.DropDamaged(tag, place, held);
        return ValueTask.FromException<int>(new BlobCorruptException(header.Digest));
    }

    /// <inheritdoc/>
    public override void Discard() => store.Log.Drop(tag, place);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Interlocked.Exchange(ref held, null)?.Release();
        return ValueTask.CompletedTask;
    }
}
