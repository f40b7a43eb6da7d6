using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Opens the record that the index points to, after comparing its full key, of which the index knows only the tag.</summary>
internal sealed class RecordOpener(SegmentStore store)
{
    private const int SmallRecordBytes = 4096; // read and verified when opened: one more system call would cost more than the copy

    /// <summary>Opens a value; null if the record there is damaged, or not the one that is looked for.</summary>
    /// <param name="digest">The key.</param>
    /// <param name="tag">Its tag.</param>
    /// <param name="segment">The segment, acquired. A <see cref="SegmentReader"/> takes it over; else it stays the caller's.</param>
    /// <param name="entry">What the index says.</param>
    /// <param name="offset">Where in the value to start, within it.</param>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public BlobReader? TryOpen(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, long offset)
    {
        int headerLength = RecordHeader.LengthFor(digest);
        return headerLength + entry.Length <= SmallRecordBytes
            ? TryOpenSmall(digest, tag, segment, entry, headerLength, (int)offset)
            : TryOpenLarge(digest, tag, segment, entry, headerLength, offset);
    }

    private SmallRecordReader? TryOpenSmall(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, int headerLength, int offset)
    {
        int length = headerLength + (int)entry.Length;
        byte[] record = ArrayPool<byte>.Shared.Rent(length);
        bool handedOver = false;
        try
        {
            if (segment.Read(record.AsSpan(0, length), entry.Place.Offset) < length
                || !RecordHeader.TryRead(record.AsSpan(0, length), store.Key, entry.Place, out RecordHeader header)
                || !IsRecordOf(header, digest, entry)
                || Crc32C.Compute(record.AsSpan(headerLength, (int)entry.Length)) != header.Checksum)
                return null;
            handedOver = true;
            return new SmallRecordReader(store.Log, tag, entry.Place, record, headerLength, (int)entry.Length, offset);
        }
        finally
        {
            if (!handedOver)
                ArrayPool<byte>.Shared.Return(record);
        }
    }

    private SegmentReader? TryOpenLarge(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, int headerLength, long offset)
    {
        Span<byte> bytes = stackalloc byte[headerLength];
        return segment.Read(bytes, entry.Place.Offset) == headerLength
            && RecordHeader.TryRead(bytes, store.Key, entry.Place, out RecordHeader header)
            && IsRecordOf(header, digest, entry)
                ? new SegmentReader(store, segment, tag, entry.Place, header, offset)
                : null;
    }

    private static bool IsRecordOf(in RecordHeader header, in Digest digest, IndexEntry entry) =>
        header.ValueLength == entry.Length && digest.Matches(header.Digest);
}
