using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <content>What nodes that share a prefix tell each other of packs.</content>
internal sealed partial class LocalPresence
{
    private readonly HashSet<PackName> barred = []; // not to be added; guarded by changing
    private volatile bool hasNewUses;

    /// <summary>Packs are about to be deleted: what they hold is missing from now on, though it can still be read, and they are not added any more. Returns those that were known.</summary>
    public async Task<IReadOnlyList<PackName>> BarAsync(IReadOnlyCollection<PackName> names, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            barred.UnionWith(names);
            KnownPack[] known = [.. names.Select(packs.Find).OfType<KnownPack>()];
            foreach (KnownPack pack in known)
                pack.IsLeaving = true;
            return [.. known.Select(pack => pack.Name)];
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Packs may be added again.</summary>
    public async Task UnbarAsync(IReadOnlyCollection<PackName> names, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken);
        try
        {
            barred.ExceptWith(names);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>The packs of which nothing is live, without those that leave already.</summary>
    public IReadOnlyList<PackName> Dead() => [.. packs.All().Where(pack => pack.LiveBytes <= 0 && !pack.IsLeaving).Select(pack => pack.Name)];

    /// <summary>True if a pack is known.</summary>
    public bool Knows(PackName pack) => packs.Find(pack) is not null;

    /// <summary>The packs whose last use the other nodes were not told.</summary>
    public IReadOnlyList<KnownPack> TakeNewUses()
    {
        if (!hasNewUses)
            return [];
        hasNewUses = false;
        return [.. packs.All().Where(pack => pack.LastUse > pack.ToldUse)];
    }

    /// <summary>The other nodes did not get to know, or have forgotten.</summary>
    /// <param name="all">Whether they have forgotten what they were told before.</param>
    public void RepeatUses(bool all)
    {
        foreach (KnownPack pack in all ? packs.All() : [])
            pack.ToldUse = 0;
        hasNewUses = true;
    }

    /// <summary>All that a pack holds counts as used in the hour in which some of it was.</summary>
    public void ApplyUses(IReadOnlyDictionary<PackName, uint> uses)
    {
        var hours = packs.All().Where(pack => uses.ContainsKey(pack.Name)).ToDictionary(pack => pack.Number, pack => uses[pack.Name]);
        var later = new List<(UInt128 Tag, uint Hour)>();
        for (int number = 0; number < SegmentIndex.Shards; number++)
        {
            Inspect(number, shard =>
            {
                later.Clear();
                shard.RemoveWhere(0, (tag, entry) =>
                {
                    if (hours.TryGetValue(entry.Place.Segment, out uint hour) && hour > entry.Touch.Era)
                        later.Add((tag, hour));
                    return false;
                });
                foreach ((UInt128 tag, uint hour) in later)
                    shard.SetTouch(tag, Touch.Use(hour));
            });
        }
    }
}
