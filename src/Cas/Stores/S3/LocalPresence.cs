using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Presence in the memory of one node, 38 bytes a blob, and in its directory: a checkpoint now and then, and the manifests of the packs that were added since. Look-ups
/// touch neither disk nor network.
/// </summary>
internal sealed partial class LocalPresence : IPresence, IDisposable
{
    private const int LookUpBatch = 64; // digests whose places in the index are on their way from memory at the same time

    private readonly SegmentIndex index = new();
    private readonly PackTable packs = new();
    private readonly SemaphoreSlim changing = new(1); // one change of the packs at a time, and none while a checkpoint is taken
    private readonly PresenceFiles files;
    private readonly StoreKey key;
    private readonly S3Clock clock;

    /// <summary>Makes an empty one.</summary>
    public LocalPresence(PresenceFiles files, StoreKey key, S3Clock clock)
    {
        this.files = files;
        this.key = key;
        this.clock = clock;
    }

    /// <summary>The number of blobs.</summary>
    public long Count => index.Count;

    /// <summary>True if something was forgotten that the last checkpoint has.</summary>
    public bool HasForgotten => hasForgotten;

    /// <summary>True if something changed that a crash must not undo, or so much that a checkpoint is worth its bytes.</summary>
    public bool IsCheckpointDue => hasForgotten || files.Manifests >= 64;

    /// <inheritdoc/>
    public bool IsCertain => true;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        uint hour = clock.Hour;
        OrderedDictionary<Digest, bool>? missing = null;
        Span<UInt128> tags = stackalloc UInt128[LookUpBatch];
        for (ReadOnlySpan<Digest> left = DigestSpan.Of(digests); !left.IsEmpty; left = left[Math.Min(left.Length, LookUpBatch)..])
        {
            int count = Math.Min(left.Length, LookUpBatch);
            key.TagsOf(left[..count], tags);
            for (int i = 0; i < count; i++)
                index.ShardOf(tags[i]).Prefetch(tags[i]);
            for (int i = 0; i < count; i++)
            {
                if (!TryUse(tags[i], left[i].SizeBytes, hour, out _, out KnownPack? pack) || pack!.IsLeaving)
                    (missing ??= []).TryAdd(left[i], true);
            }
        }

        return ValueTask.FromResult((IReadOnlyCollection<Digest>?)missing?.Keys ?? []);
    }

    /// <inheritdoc/>
    public ValueTask<BlobPlace?> LocateAsync(Digest digest, CancellationToken cancellationToken) =>
        ValueTask.FromResult<BlobPlace?>(
            TryUse(key.TagOf(digest), digest.SizeBytes, clock.Hour, out IndexEntry entry, out KnownPack? pack)
                ? new BlobPlace(pack!.Name, pack.Length, entry.Place.Offset, entry.Length)
                : null);

    /// <summary>Whether the value of a key that counts is in a pack with a later name than this.</summary>
    public bool HasLaterThan(UInt128 tag, PackName pack)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            return shard.TryGet(tag, out IndexEntry entry) && packs[entry.Place.Segment].Name.IsAfter(pack);
    }

    /// <inheritdoc/>
    public async ValueTask AddAsync(PackName pack, long packLength, IReadOnlyList<PackEntry> entries, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            if (barred.Contains(pack))
                return;
            clock.NotBefore(pack.Order); // a node that takes over may have a clock that is behind
            files.Keep(pack, packLength, entries);
            Add(packs.Add(pack, packLength), entries);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<bool> ForgetAsync(Digest digest, BlobPlace place, CancellationToken cancellationToken)
    {
        UInt128 tag = key.TagOf(digest);
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            if (!shard.TryGet(tag, out IndexEntry entry) || entry.Place.Offset != place.Offset || packs[entry.Place.Segment].Name != place.Pack)
                return ValueTask.FromResult(false);
            packs[entry.Place.Segment].AddLive(-entry.Weight);
            return ValueTask.FromResult(shard.Remove(tag));
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> ForgetPacksAsync(IReadOnlyCollection<PackName> names, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            return Forget([.. names.Select(packs.Find).OfType<KnownPack>()]);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlySet<PackName>> PacksAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlySet<PackName>>(packs.All().Select(pack => pack.Name).ToHashSet());

    /// <inheritdoc/>
    public void Dispose() => changing.Dispose();

    private bool TryUse(UInt128 tag, long sizeBytes, uint hour, out IndexEntry entry, out KnownPack? pack)
    {
        pack = null;
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            if (!shard.TryGet(tag, out entry) || !entry.AnswersFor(sizeBytes))
                return false;
            pack = packs[entry.Place.Segment];
            if (entry.Touch.Era < hour)
            {
                shard.SetTouch(tag, Touch.Use(hour));
                hasNewUses |= pack.Use(hour);
            }

            return true;
        }
    }

    private void Add(KnownPack pack, IReadOnlyList<PackEntry> entries)
    {
        foreach (PackEntry added in entries)
        {
            PackRecord record = added.Record;
            UInt128 tag = key.TagOf(record.Digest);
            IndexShard shard = index.ShardOf(tag);
            lock (shard.Gate)
            {
                uint hour = record.Hour;
                if (shard.TryGet(tag, out IndexEntry known))
                {
                    KnownPack holder = packs[known.Place.Segment];
                    if (holder.Name.IsAfter(pack.Name))
                        continue;
                    holder.AddLive(-known.Weight);
                    hour = Math.Max(hour, known.Touch.Era);
                }

                var entry = new IndexEntry(RecordPlace.At(pack.Number, added.Offset), record.ValueLength, record.Digest.SizeBytes, Touch.Use(hour));
                pack.AddLive(entry.Weight);
                shard.Set(tag, entry, out _);
            }
        }
    }

    private long Forget(IReadOnlyCollection<KnownPack> leaving)
    {
        if (leaving.Count == 0)
            return 0;
        long forgotten = 0;
        var numbers = leaving.Select(pack => pack.Number).ToHashSet();
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            Inspect(number, shard => shard.RemoveWhere(0, (_, entry) =>
            {
                bool isToGo = numbers.Contains(entry.Place.Segment);
                forgotten += isToGo ? 1 : 0;
                return isToGo;
            }));
        }

        foreach (KnownPack pack in leaving)
        {
            files.Drop(pack.Name);
            packs.Remove(pack);
        }

        hasForgotten = true;
        return forgotten;
    }

    private void Inspect(int number, Action<IndexShard> look)
    {
        IndexShard shard = index[number];
        lock (shard.Gate)
            look(shard);
    }
}
