using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <content>How the presence outlasts the process. The head of a checkpoint lists the packs: i32 how many; for each i32 number, i64 order, u32 node, i64 length.</content>
internal sealed partial class LocalPresence
{
    private const ulong Magic = 0x3130534552505852; // "RXPRES01"
    private const int HeadBytes = 16;
    private const int PackBytes = 24;

    private volatile bool hasForgotten;

    /// <summary>Fills it from its directory. True if there was a checkpoint, so that what it knows is about all there is.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public bool Load(CancellationToken cancellationToken)
    {
        bool isLoaded = TryLoadCheckpoint(cancellationToken);
        if (!isLoaded)
        {
            packs.Clear();
            for (int number = 0; number < SegmentIndex.Shards; number++)
                Inspect(number, static shard => shard.Clear());
        }

        foreach ((PackName name, long length, IReadOnlyList<PackEntry> entries) in files.ReadManifests())
        {
            cancellationToken.ThrowIfCancellationRequested();
            Add(packs.Add(name, length), entries);
        }

        foreach (KnownPack pack in packs.All())
            clock.NotBefore(pack.Name.Order);
        return isLoaded;
    }

    /// <summary>Writes a checkpoint, and deletes the manifests that it makes needless. What was forgotten before stays forgotten after a crash.</summary>
    /// <exception cref="IOException">The disk failed; the checkpoint before is still there.</exception>
    public async Task CheckpointAsync(CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<KnownPack> known = packs.All();
            bool forgotten = hasForgotten;
            hasForgotten = false;
            try
            {
                files.WriteCheckpoint(stream => IndexImageWriter.Write(stream, Format(known), Inspect, cancellationToken));
                files.DropManifests();
            }
            catch
            {
                hasForgotten |= forgotten;
                throw;
            }
        }
        finally
        {
            changing.Release();
        }
    }

    private bool TryLoadCheckpoint(CancellationToken cancellationToken)
    {
        using IndexImageReader? image = IndexImageReader.TryOpen(files.CheckpointPath, Magic, HeadBytes);
        if (image is null || Parse(image.Head.Span) is not { } known || !packs.TryRestore(known))
            return false;
        bool isWhole = true;
        try
        {
            Parallel.For(0, SegmentIndex.Shards, new ParallelOptions { CancellationToken = cancellationToken }, number => Inspect(number, shard =>
            {
                if (!image.TryLoad(number, shard))
                    Volatile.Write(ref isWhole, false);
                else
                    CountLive(shard);
            }));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }

        return isWhole;
    }

    private void CountLive(IndexShard shard)
    {
        var live = new Dictionary<int, long>();
        shard.RemoveWhere(0, (_, entry) =>
        {
            if (packs.TryGet(entry.Place.Segment) is null)
                return true;
            live[entry.Place.Segment] = live.GetValueOrDefault(entry.Place.Segment) + entry.Weight;
            return false;
        });
        foreach ((int number, long bytes) in live)
            packs[number].AddLive(bytes);
    }

    private static byte[] Format(IReadOnlyList<KnownPack> known)
    {
        var bytes = new byte[HeadBytes + PackBytes * known.Count];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), known.Count);
        Span<byte> rest = bytes.AsSpan(HeadBytes);
        foreach (KnownPack pack in known)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, pack.Number);
            BinaryPrimitives.WriteInt64LittleEndian(rest[4..], pack.Name.Order);
            BinaryPrimitives.WriteUInt32LittleEndian(rest[12..], pack.Name.Node);
            BinaryPrimitives.WriteInt64LittleEndian(rest[16..], pack.Length);
            rest = rest[PackBytes..];
        }

        return bytes;
    }

    private static List<KnownPack>? Parse(ReadOnlySpan<byte> head)
    {
        if (BinaryPrimitives.ReadInt32LittleEndian(head[12..]) * (long)PackBytes != head.Length - HeadBytes)
            return null;
        var known = new List<KnownPack>();
        for (ReadOnlySpan<byte> rest = head[HeadBytes..]; !rest.IsEmpty; rest = rest[PackBytes..])
        {
            var name = new PackName(BinaryPrimitives.ReadInt64LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]));
            known.Add(new KnownPack(BinaryPrimitives.ReadInt32LittleEndian(rest), name, BinaryPrimitives.ReadInt64LittleEndian(rest[16..])));
        }

        return known;
    }
}
