using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Moves what is live of a pack to the one that is being filled. The presence points to the old place until the new one is in the bucket; then nothing is live in the old pack, and it can go.
/// </summary>
internal sealed class PackCompactor(LocalPresence presence, PackRecords records, StoreKey key, Spool spool) : IPackCompactor
{
    /// <inheritdoc/>
    public async Task<long> RunAsync(KnownPack pack, CancellationToken cancellationToken)
    {
        long moved = 0;
        await records.VisitAsync(
            pack,
            async (record, entry, content) =>
            {
                if (await MoveAsync(pack.Name, record, entry, content, cancellationToken))
                    moved++;
            },
            cancellationToken);
        return moved;
    }

    private async Task<bool> MoveAsync(PackName pack, PackRecord record, IndexEntry entry, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
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
        pack.Write(content[record.HeaderLength..], offset + record.HeaderLength);
        pack.Write(header, offset);
    }
}
