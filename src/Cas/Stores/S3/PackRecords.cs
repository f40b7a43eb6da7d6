using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Reads what is live of a pack, with few requests.</summary>
internal sealed class PackRecords(LocalPresence presence, Bucket bucket)
{
    private const int LongestRange = 8 << 20;
    private const int LongestGap = 64 << 10; // shorter ones are read as well: it saves a request

    /// <summary>Hands over each record that is whole, with the hour of its last use: it, where it is, and its bytes. False if the pack is gone, which is then forgotten.</summary>
    /// <exception cref="CasException">The bucket can't be reached, or the taker can't take it.</exception>
    public async Task<bool> VisitAsync(KnownPack pack, Func<PackRecord, IndexEntry, ReadOnlyMemory<byte>, Task> take, CancellationToken cancellationToken)
    {
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
                return false;
            }

            for (; first < next; first++)
            {
                ReadOnlyMemory<byte> rest = content.AsMemory((int)(entries[first].Place.Offset - start));
                if (PackRecord.TryRead(rest.Span, out PackRecord record) && record.Length <= rest.Length
                    && Crc32C.Compute(rest.Span.Slice(record.HeaderLength, (int)record.ValueLength)) == record.Checksum)
                    await take(record with { Hour = entries[first].Touch.Era }, entries[first], rest[..(int)record.Length]); // who reads a damaged one is told
            }
        }

        return true;
    }

    /// <summary>Not before the record's end: how long its header is the index does not know.</summary>
    private static long EndOf(IndexEntry entry) => entry.Place.Offset + PackRecord.MaxLength + entry.Length + PackRecord.Alignment;
}
