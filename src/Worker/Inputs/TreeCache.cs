using System.Runtime.InteropServices;
using RemoteExec.Native;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Keeps subtrees of input roots on disk for later actions: for each <c>Directory</c> digest a directory that never changes, made of links to the files of
/// a <see cref="FileCache"/>. Each is built once, however many want it. May be called concurrently.
/// </summary>
/// <remarks>
/// Starts empty, as the cache of files does. Nobody but who builds it knows of a tree that is not finished, and after a crash all of them are deleted, so
/// trees are built where they stay.
/// </remarks>
internal sealed class TreeCache
{
    private readonly string directory;
    private readonly CacheRoom room; // its gate guards everything below
    private readonly Action<string> discard;
    private readonly Dictionary<TreeKey, Entry> entries = [];
    private CacheStatistics statistics;
    private long lastNumber;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="directory">An empty directory that only the worker may enter.</param>
    /// <param name="room">Bounds it, together with the cache of files.</param>
    /// <param name="discard">Takes a directory away at once, and deletes it when there is time.</param>
    public TreeCache(string directory, CacheRoom room, Action<string> discard)
    {
        this.directory = directory;
        this.room = room;
        this.discard = discard;
        DirectorySpread.TryRequest(directory);
    }

    /// <summary>What it has and had.</summary>
    public CacheStatistics Statistics
    {
        get
        {
            lock (room.Gate)
                return statistics;
        }
    }

    /// <summary>True if a tree is there, or is being built.</summary>
    public bool Knows(TreeKey key)
    {
        lock (room.Gate)
            return entries.ContainsKey(key);
    }

    /// <summary>
    /// Claims a tree, which stays until the claim is disposed. If <see cref="Claim.IsMine"/>, the caller is to build it, and others wait for that: so it has to
    /// build its own trees before it waits for those of others.
    /// </summary>
    public Claim Take(TreeKey key)
    {
        lock (room.Gate)
        {
            ref Entry? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, key, out bool exists);
            entry ??= new Entry(this, key, Path.Combine(directory, $"{++lastNumber:x}"));
            statistics.Hits += exists ? 1 : 0;
            statistics.Misses += exists ? 0 : 1;
            room.Pin(entry);
            return new Claim(this, entry, isMine: !exists);
        }
    }

    private void Add(Entry entry, TreeLayout layout, IReadOnlyList<CacheEntry> files)
    {
        lock (room.Gate)
        {
            entry.Bytes = layout.CopiedBytes;
            entry.Nodes = layout.Nodes;
            entry.Files = files;
            foreach (CacheEntry file in files)
                room.Pin(file);
            room.Add(entry);
            statistics.Entries++;
            statistics.Bytes += entry.Bytes;
        }

        entry.Built.SetResult(true);
    }

    private void GiveUp(Entry entry)
    {
        lock (room.Gate)
            entries.Remove(entry.Key);
        try
        {
            if (Directory.Exists(entry.Path))
                discard(entry.Path);
        }
        finally
        {
            entry.Built.SetResult(false);
        }
    }

    /// <summary>One user's hold on a tree.</summary>
    public sealed class Claim : IDisposable
    {
        private readonly TreeCache cache;
        private readonly Entry entry;
        private bool isToBeBuilt;

        internal Claim(TreeCache cache, object entry, bool isMine)
        {
            this.cache = cache;
            this.entry = (Entry)entry;
            isToBeBuilt = IsMine = isMine;
        }

        /// <summary>Which tree.</summary>
        public TreeKey Key => entry.Key;

        /// <summary>True if the caller is who builds it.</summary>
        public bool IsMine { get; }

        /// <summary>The tree: an absolute path, once it is built.</summary>
        public string Path => System.IO.Path.Combine(entry.Path, "root");

        /// <summary>Builds the tree, which is one's own, from files that are at hand.</summary>
        public async Task BuildAsync(InputTree tree, FilePins pins, CancellationToken cancellationToken)
        {
            // In a directory of its own, as one whose mode an action chose can't always be moved away.
            Directory.CreateDirectory(entry.Path);
            var target = new InputTarget(Path, Key.Owner, LinksAlways: true);
            target.MakeDirectory(Path);
            var layout = new TreeLayout(tree, pins, target);
            await layout.PlaceAsync(Key.Digest, leftEmpty: null, created: [], cancellationToken);
            FileKey[] files = [.. tree.AllBeneath([Key.Digest]).SelectMany(node => node.Files).Where(file => file.Properties is null).Select(file => file.Key).Distinct()];
            cache.Add(entry, layout, [.. files.Select(file => pins[file].Entry)]);
            isToBeBuilt = false;
        }

        /// <summary>Waits until somebody else has built it; false if he could not.</summary>
        public Task<bool> IsBuiltAsync(CancellationToken cancellationToken) => entry.Built.Task.WaitAsync(cancellationToken);

        /// <summary>Lets the cache drop it; a tree of one's own that was not built, others may try to build.</summary>
        public void Dispose()
        {
            try
            {
                if (isToBeBuilt)
                    cache.GiveUp(entry);
            }
            finally
            {
                cache.room.Unpin(entry);
            }
        }
    }

    private sealed class Entry(TreeCache cache, TreeKey key, string path) : CacheEntry(path)
    {
        public TreeKey Key => key;

        /// <summary>True once it is there, false if who was to build it has failed or given up.</summary>
        public TaskCompletionSource<bool> Built { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The cached files that it links to.</summary>
        public IReadOnlyList<CacheEntry> Files { get; set; } = [];

        public override void Forget()
        {
            cache.entries.Remove(key);
            cache.statistics.Entries--;
            cache.statistics.Bytes -= Bytes;
            cache.statistics.Evictions++;
            foreach (CacheEntry file in Files)
                cache.room.UnpinFirstToGo(file);
        }

        public override void Delete() => cache.discard(Path);
    }
}
