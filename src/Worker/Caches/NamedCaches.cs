using Microsoft.Extensions.Logging;
using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>
/// Directories that actions write to and find again in later ones, those that were used last up to a bound. They outlive the worker's process, but not the machine's
/// restart. May be called concurrently.
/// </summary>
/// <remarks>
/// Where the sandbox has overlays, any number of actions use a cache at once: each sees it as it was when the action began, with its own changes. When an action has
/// succeeded, its changes go into the cache: all of them if it was alone with it, else what is new. Without overlays the first gets the cache itself, and others an empty
/// directory that nothing comes of.
/// </remarks>
internal sealed class NamedCaches
{
    private readonly string root;
    private readonly ScratchDirectory scratch;
    private readonly long maxBytes;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Lock gate = new(); // guards everything below, and most of what the caches say of themselves
    private readonly Dictionary<string, NamedCache> caches = new(StringComparer.Ordinal);
    private readonly LinkedList<NamedCache> byUse = []; // the one that was not used for longest first
    private long usedBytes;

    private NamedCaches(ScratchDirectory scratch, string root, long maxBytes, ILogger logger, TimeProvider time)
    {
        this.scratch = scratch;
        this.root = root;
        this.maxBytes = maxBytes;
        this.logger = logger;
        this.time = time;
    }

    /// <summary>What all caches take of the disk, in bytes, without what running actions have added.</summary>
    public long UsedBytes
    {
        get
        {
            lock (gate)
                return usedBytes;
        }
    }

    /// <summary>Takes over what earlier workers have left of their caches.</summary>
    /// <param name="scratch">Where they are.</param>
    /// <param name="maxBytes">The bound on what they take of the disk.</param>
    /// <param name="logger">Told of what is lost.</param>
    /// <param name="time">For when they were used.</param>
    public static NamedCaches Open(ScratchDirectory scratch, long maxBytes, ILogger logger, TimeProvider time)
    {
        string root = Path.Combine(scratch.Location, "named-caches");
        ScratchDirectory.Make(root, ScratchDirectory.Traversable);
        var caches = new NamedCaches(scratch, root, maxBytes, logger, time);

        // Files that were not yet on the disk when the machine stopped are there afterwards, but empty: nobody could tell.
        string bootFile = Path.Combine(root, "boot"), boot = File.ReadAllText("/proc/sys/kernel/random/boot_id");
        bool isSameBoot = File.Exists(bootFile) && File.ReadAllText(bootFile) == boot;
        foreach (string directory in Directory.EnumerateDirectories(root).OrderBy(Directory.GetLastWriteTimeUtc).ToArray())
        {
            if (!isSameBoot || NamedCache.TryRead(directory) is not { } cache || !caches.TryAdd(cache))
                scratch.Discard(directory);
        }

        File.WriteAllText(bootFile, boot);
        caches.Evict();
        return caches;
    }

    /// <summary>Begins to use a cache, which is made if there is none; to be ended by <see cref="EndAsync"/>.</summary>
    /// <param name="key">Which one.</param>
    /// <param name="place">Where the action wants it.</param>
    /// <param name="directory">A path in the action's directory where nothing is: for what the action changes.</param>
    /// <param name="owner">The user that the action runs as; null for the worker's own.</param>
    /// <param name="overlays">True if the sandbox mounts overlays.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<CacheHold> BeginAsync(string key, string place, string directory, uint? owner, bool overlays, CancellationToken cancellationToken)
    {
        while (true)
        {
            NamedCache cache = Pin(key);
            CacheHold? hold = null;
            try
            {
                await cache.Turn.WaitAsync(cancellationToken);
                try
                {
                    hold = Hold(cache, place, directory, owner, overlays);
                }
                finally
                {
                    cache.Turn.Release();
                }
            }
            finally
            {
                if (hold is null)
                    Unpin(cache);
            }

            if (hold is not null)
                return hold;
        }
    }

    /// <summary>Ends a use, after all that the action has started is gone.</summary>
    /// <param name="hold">The use.</param>
    /// <param name="hasEnded">True if the action ended by itself, so that what it left is what it wanted to leave.</param>
    /// <param name="hasSucceeded">True if it says that it has done what it should.</param>
    public async Task EndAsync(CacheHold hold, bool hasEnded, bool hasSucceeded)
    {
        NamedCache cache = hold.Cache;
        await cache.Turn.WaitAsync(CancellationToken.None);
        try
        {
            if (hold.IsDirect && hasEnded)
                await ChangeAsync(cache, hold.Mount.Place, () => Task.FromResult(NamedCache.BytesOfItself + DiskSpace.OfTree(cache.Files, DiskSpace.StatusOf(cache.Files))));
            else if (hold.IsDirect)
                Drop(cache);
            else if (!hold.IsSpare && hasSucceeded && !cache.IsDropped)
                await MergeAsync(hold);
        }
        finally
        {
            cache.Holds.Remove(hold);
            cache.Turn.Release();
            Unpin(cache);
        }
    }

    private CacheHold? Hold(NamedCache cache, string place, string directory, uint? owner, bool overlays)
    {
        if (cache.IsDropped)
            return null;
        cache.Make(owner);
        if (!cache.IsOf(owner))
        {
            Drop(cache);
            return null;
        }

        bool isDirect = !overlays && !cache.Holds.Exists(other => other.IsDirect);
        if (isDirect)
            cache.MarkBusy();
        else
            CacheDirectory.Make(directory, owner);
        if (overlays)
        {
            CacheDirectory.Make($"{directory}/upper", owner);
            CacheDirectory.Make($"{directory}/work", owner: null);
        }

        var hold = new CacheHold(cache)
        {
            Mount = new CacheMount(place, overlays || isDirect ? cache.Files : directory, overlays ? directory : null),
            IsDirect = isDirect,
            IsAlone = cache.Holds.Count == 0,
        };
        foreach (CacheHold other in cache.Holds)
            other.IsAlone = false;
        cache.Holds.Add(hold);
        return hold;
    }

    private async Task MergeAsync(CacheHold hold)
    {
        CacheMerge merge;
        try
        {
            merge = CacheMerge.Plan($"{hold.Mount.Changes}/upper", hold.Cache.Files, hold.IsAlone);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            WorkerLog.CacheChangesLost(logger, hold.Mount.Place, exception.Message);
            return;
        }

        if (merge.IsEmpty)
            return;
        hold.Cache.MarkBusy();
        await ChangeAsync(hold.Cache, hold.Mount.Place, async () =>
        {
            await merge.RunAsync();
            return hold.Cache.Bytes + merge.Growth;
        });
    }

    // A cache of which nobody knows what it has is not kept.
    private async Task ChangeAsync(NamedCache cache, string place, Func<Task<long>> change)
    {
        try
        {
            long bytes = await change();
            cache.MarkWhole(bytes);
            lock (gate)
            {
                if (!cache.IsDropped)
                    usedBytes += bytes - cache.Bytes;
                cache.Bytes = bytes;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            WorkerLog.CacheDropped(logger, place, exception.Message);
            Drop(cache);
        }
    }

    private NamedCache Pin(string key)
    {
        lock (gate)
        {
            if (!caches.TryGetValue(key, out NamedCache? cache))
            {
                cache = new NamedCache(key, Path.Combine(root, ScratchDirectory.NewName()));
                Add(cache);
            }

            cache.Pins++;
            return cache;
        }
    }

    private void Unpin(NamedCache cache)
    {
        // For the next worker; as long as it is pinned nobody deletes it.
        if (Directory.Exists(cache.Path))
            Directory.SetLastWriteTimeUtc(cache.Path, time.GetUtcNow().UtcDateTime);
        bool isGone;
        lock (gate)
        {
            isGone = --cache.Pins == 0 && cache.IsDropped;
            if (!cache.IsDropped)
            {
                byUse.Remove(cache.Node!);
                byUse.AddLast(cache.Node!);
            }
        }

        if (isGone)
            Discard(cache);
        Evict();
    }

    private bool TryAdd(NamedCache cache)
    {
        lock (gate)
        {
            if (caches.ContainsKey(cache.Key))
                return false;
            Add(cache);
            return true;
        }
    }

    private void Add(NamedCache cache)
    {
        caches.Add(cache.Key, cache);
        usedBytes += cache.Bytes;
        cache.Node = byUse.AddLast(cache);
    }

    private void Drop(NamedCache cache)
    {
        lock (gate)
            Forget(cache);
    }

    private void Forget(NamedCache cache)
    {
        if (cache.IsDropped)
            return;
        cache.IsDropped = true;
        caches.Remove(cache.Key);
        byUse.Remove(cache.Node!);
        usedBytes -= cache.Bytes;
    }

    private void Evict()
    {
        List<NamedCache> evicted = [];
        lock (gate)
        {
            for (LinkedListNode<NamedCache>? node = byUse.First, next; node is not null && usedBytes > maxBytes; node = next)
            {
                next = node.Next;
                if (node.Value.Pins > 0)
                    continue;
                Forget(node.Value);
                evicted.Add(node.Value);
            }
        }

        evicted.ForEach(Discard);
    }

    private void Discard(NamedCache cache)
    {
        cache.Turn.Dispose();
        if (Directory.Exists(cache.Path))
            scratch.Discard(cache.Path);
    }
}
