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
    /// <param name="segment">The segment, acquired. A <see cref="SmallRecordReader"/> leaves it to the caller, as does null; others take it over.</param>
    /// <param name="entry">What the index says.</param>
    /// <param name="offset">Where in the value to start.</param>
    /// <exception cref="ArgumentOutOfRangeException">The offset is outside of the value.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public BlobReader? TryOpen(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, long offset)
    {
        int headerLength = RecordHeader.LengthFor(digest);
        return headerLength + entry.Length <= SmallRecordBytes
            ? TryOpenSmall(digest, tag, segment, entry, headerLength, offset)
            : TryOpenLarge(digest, tag, segment, entry, headerLength, offset);
    }

    private BlobReader? TryOpenSmall(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, int headerLength, long offset)
    {
        int length = headerLength + (int)entry.Length;
        byte[] record = ArrayPool<byte>.Shared.Rent(length);
        bool handedOver = false;
        RecordHeader header = default;
        try
        {
            ReadAhead ahead = ReadAhead.OfThread;
            Span<byte> bytes = record.AsSpan(0, length);
            bool isGood = ahead.TryTake(segment, entry.Place.Offset, bytes) && IsWhole(bytes, digest, headerLength, entry, out header);
            if (!isGood && (ahead.Read(segment, entry.Place.Offset, bytes) < length || !IsWhole(bytes, digest, headerLength, entry, out header)))
                return null;
            if (header.IsCompressed)
                return TryOpenLarge(digest, tag, segment, entry, headerLength, offset);
            CheckOffset(offset, entry.Length);
            handedOver = true;
            return new SmallRecordReader(store.Log, tag, entry.Place, record, headerLength, (int)entry.Length, (int)offset);
        }
        finally
        {
            if (!handedOver)
                ArrayPool<byte>.Shared.Return(record);
        }
    }

    private bool IsWhole(ReadOnlySpan<byte> record, in Digest digest, int headerLength, IndexEntry entry, out RecordHeader header) =>
        RecordHeader.TryRead(record, store.Key, entry.Place, out header)
        && IsRecordOf(header, digest, entry)
        && Crc32C.Compute(record[headerLength..]) == header.Checksum;

    private BlobReader? TryOpenLarge(Digest digest, UInt128 tag, SegmentFile segment, IndexEntry entry, int headerLength, long offset)
    {
        Span<byte> bytes = stackalloc byte[headerLength];
        if (segment.Read(bytes, entry.Place.Offset) < headerLength
            || !RecordHeader.TryRead(bytes, store.Key, entry.Place, out RecordHeader header)
            || !IsRecordOf(header, digest, entry))
            return null;
        if (header.IsCompressed)
            return TryOpenCompressed(tag, segment, entry.Place, header, offset);
        CheckOffset(offset, entry.Length);
        return new SegmentReader(store, segment, tag, entry.Place, header, offset);
    }

    private CompressedReader? TryOpenCompressed(UInt128 tag, SegmentFile segment, RecordPlace place, in RecordHeader header, long offset)
    {
        if (CompressedValue.TryReadLength(segment, place, header) is not { } length)
            return null;
        CheckOffset(offset, length);
        return new CompressedReader(store, segment, tag, place, header, length, offset);
    }

    private static void CheckOffset(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length);
    }

    private static bool IsRecordOf(in RecordHeader header, in Digest digest, IndexEntry entry) =>
        header.ValueLength == entry.Length && digest.Matches(header.Digest);
}
