namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The packs that the index points to, by the numbers that stand in its entries. Numbers of packs that were removed are given again.
/// </summary>
/// <remarks>
/// Changed by one caller at a time. Whoever holds the lock of a shard may read the pack of an entry there: a pack is removed only after every shard was swept of what points to it.
/// </remarks>
internal sealed class PackTable
{
    private readonly Lock gate = new(); // guards the fields below; the array is read without
    private readonly Dictionary<PackName, KnownPack> byName = [];
    private readonly Stack<int> free = new();
    private volatile KnownPack?[] byNumber = new KnownPack?[64]; // number 0 is that of no pack
    private int nextNumber = 1;

    /// <summary>The pack of an entry.</summary>
    public KnownPack this[int number] => byNumber[number] ?? throw new InvalidOperationException($"no pack has the number {number}");

    /// <summary>All packs, in no order.</summary>
    public IReadOnlyList<KnownPack> All()
    {
        lock (gate)
            return [.. byName.Values];
    }

    /// <summary>A pack by its name; null if it is not known.</summary>
    public KnownPack? Find(PackName name)
    {
        lock (gate)
            return byName.GetValueOrDefault(name);
    }

    /// <summary>The pack of a number; null if there is none.</summary>
    public KnownPack? TryGet(int number) => number > 0 && number < byNumber.Length ? byNumber[number] : null;

    /// <summary>Adds a pack, unless it is there.</summary>
    public KnownPack Add(PackName name, long length)
    {
        lock (gate)
        {
            if (byName.TryGetValue(name, out KnownPack? known))
                return known;
            return Put(new KnownPack(free.TryPop(out int number) ? number : nextNumber++, name, length));
        }
    }

    /// <summary>Adds the packs of a checkpoint, under the numbers they had; false if that can't be.</summary>
    public bool TryRestore(IReadOnlyList<KnownPack> packs)
    {
        lock (gate)
        {
            foreach (KnownPack pack in packs)
            {
                if (pack.Number <= 0 || pack.Number > 4 * (packs.Count + 1024) || TryGet(pack.Number) is not null || byName.ContainsKey(pack.Name))
                    return false;
                Put(pack);
                nextNumber = Math.Max(nextNumber, pack.Number + 1);
            }

            for (int number = 1; number < nextNumber; number++)
            {
                if (byNumber[number] is null)
                    free.Push(number);
            }

            return true;
        }
    }

    /// <summary>Removes a pack that nothing points to.</summary>
    public void Remove(KnownPack pack)
    {
        lock (gate)
        {
            byName.Remove(pack.Name);
            byNumber[pack.Number] = null;
            free.Push(pack.Number);
        }
    }

    /// <summary>Forgets all packs.</summary>
    public void Clear()
    {
        lock (gate)
        {
            byName.Clear();
            free.Clear();
            byNumber = new KnownPack?[64];
            nextNumber = 1;
        }
    }

    private KnownPack Put(KnownPack pack)
    {
        KnownPack?[] array = byNumber;
        if (pack.Number >= array.Length)
            Array.Resize(ref array, Math.Max(2 * array.Length, pack.Number + 1));
        array[pack.Number] = pack;
        byNumber = array;
        byName[pack.Name] = pack;
        return pack;
    }
}
