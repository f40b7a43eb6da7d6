using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Moves what is live of a pack to the one that is being filled. The presence points to the old place until the new one is in the bucket; then nothing is live in the old pack, and it can go.
/// </summary>
internal sealed class PackCompactor(LocalPresence presence, StoreKey key, Spool spool, Bucket bucket)
{
    private const int LongestRange = 8 << 20;
    private const int LongestGap = 64 << 10; // shorter ones are read as well: it saves a request

    /// <summary>Moves them, and returns how many.</summary>
    /// <exception cref="StoreUnavailableException">The bucket can't be reached, or the disk failed.</exception>
    /// <exception cref="StoreFullException">The backlog is at its bound, or the disk is full.</exception>
    public async Task<long> RunAsync(KnownPack pack, CancellationToken cancellationToken)
    {
        long moved = 0;
        IReadOnlyList<IndexEntry> entries = presence.EntriesOf(pack);
        for (int first = 0; first < entries.Count;)
        {
            int next = first + 1;
            long start = entries[first].Place.Offset, end = EndOf(entries[first]);
            while (next < entries.Count && entries[next].Place.Offset - end <= LongestGap && EndOf(entries[next]) - start <= LongestRange)
                end = EndOf(entries[next++]);
            if (await bucket.GetAsync(pack.Name.Key, start, (int)(Math.Min(end, pack.Length) - start), cancellationToken) is not { } content)
            {
                await presence.ForgetPacksAsync([pack.Name], cancellationToken);
                return moved;
            }

            for (; first < next; first++)
            {
                if (await MoveAsync(pack.Name, entries[first], content.AsMemory((int)(entries[first].Place.Offset - start)), cancellationToken))
                    moved++;
            }
        }

        return moved;
    }

    /// <summary>Not before the record's end: how long its header is the index does not know.</summary>
    private static long EndOf(IndexEntry entry) => entry.Place.Offset + PackRecord.MaxLength + entry.Length + PackRecord.Alignment;

    private async Task<bool> MoveAsync(PackName pack, IndexEntry entry, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!PackRecord.TryRead(content.Span, out PackRecord record) || record.Length > content.Length
            || Crc32C.Compute(content.Span.Slice(record.HeaderLength, (int)record.ValueLength)) != record.Checksum)
            return false; // damaged: who reads it is told

        record = record with { Hour = entry.Touch.Era };
        UInt128 tag = key.TagOf(record.Digest);
        spool.Reserve(record.Length);
        SpoolPack? target = null;
        try
        {
            target = await spool.AppendAsync(
                record, (to, offset) => Write(to, offset, record, content.Span), () => !spool.Index.Holds(tag) && presence.IsAt(tag, pack, entry.Place.Offset), cancellationToken);
            return target is not null;
        }
        finally
        {
            if (target is null)
                spool.Unreserve(record.Length);
        }
    }

    private static void Write(SpoolPack pack, long offset, PackRecord record, ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[record.HeaderLength];
        record.Write(header);
        pack.Write(content[record.HeaderLength..(int)record.Length], offset + record.HeaderLength);
        pack.Write(header, offset);
    }
}
