using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Worker.Inputs;

/// <summary>
/// Keeps input files on disk for later actions, the most recently used ones up to a bound. An executable file and one that is not are different
/// inodes even if their content is the same, so that no mode of a shared inode is ever changed. May be called concurrently; each file is fetched
/// once, however many want it.
/// </summary>
/// <remarks>Starts empty, whatever an earlier worker cached: after a crash a file may lack content that its name promises.</remarks>
internal sealed class FileCache
{
    private const int BufferBytes = 256 * 1024;
    private const int Fanout = 256;

    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode ReadAndExecute = ReadOnly | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly IBlobStore cas;
    private readonly OpenDirectory root;
    private readonly CacheRoom room; // its gate guards everything below
    private readonly bool hardlinks;
    private readonly Dictionary<FileKey, Entry> entries = [];
    private CacheStatistics statistics;
    private long lastNumber;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="cas">Where files come from.</param>
    /// <param name="directory">An empty directory that only the worker may enter.</param>
    /// <param name="room">Bounds it.</param>
    /// <param name="hardlinks">
    /// True to hardlink files to where they are wanted: only if nothing can write to a file of the worker's with mode 0444. False to copy them.
    /// </param>
    public FileCache(IBlobStore cas, string directory, CacheRoom room, bool hardlinks)
    {
        this.cas = cas;
        root = new OpenDirectory(directory);
        this.room = room;
        this.hardlinks = hardlinks;
        for (int number = 0; number < Fanout; number++)
            Directory.CreateDirectory(Path.Combine(directory, $"{number:x2}"));
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

    /// <summary>Pins those of several files that are cached; the others are returned.</summary>
    public List<FileKey> PinPresent(IEnumerable<FileKey> keys, Action<FileKey, Pin> add)
    {
        var absent = new List<FileKey>();
        lock (room.Gate)
        {
            foreach (FileKey key in keys)
            {
                if (entries.TryGetValue(key, out Entry? entry) && entry.TakesRoom)
                {
                    Use(entry);
                    add(key, new Pin(this, entry));
                }
                else
                {
                    absent.Add(key);
                }
            }
        }

        return absent;
    }

    /// <summary>Counts those of several files that are cached as used last, so that they stay for longest; the others, which are not on their way either, are returned.</summary>
    public List<FileKey> Touch(IEnumerable<FileKey> keys)
    {
        var absent = new List<FileKey>();
        lock (room.Gate)
        {
            foreach (FileKey key in keys)
            {
                if (entries.TryGetValue(key, out Entry? entry))
                    room.Touch(entry);
                else
                    absent.Add(key);
            }
        }

        return absent;
    }

    /// <summary>Fetches a file that nobody has asked for yet, unless somebody does so already. Not cached afterwards if the CAS lacks the blob.</summary>
    public async ValueTask FetchAheadAsync(FileKey key, CancellationToken cancellationToken)
    {
        Entry? entry;
        lock (room.Gate)
        {
            if (entries.ContainsKey(key))
                return;
            entry = Add(key);
            entry.IsAhead = true;
            room.Pin(entry);
        }

        if (await FillAsync(entry, cancellationToken) is { } pin)
            pin.Dispose();
    }

    /// <summary>Lets the cache drop files.</summary>
    public void Unpin(IReadOnlyCollection<Pin> pins) => room.Unpin([.. pins.Select(pin => pin.Entry)]);

    /// <summary>Makes sure a file is cached, and keeps it so until the returned pin is disposed. Null if the CAS lacks the blob.</summary>
    public async ValueTask<Pin?> PinAsync(FileKey key, CancellationToken cancellationToken)
    {
        while (true)
        {
            (Entry entry, bool isNew) = Find(key);
            if (isNew)
                return await FillAsync(entry, cancellationToken);

            Task<bool?> fetched = entry.Fetched.Task;
            if ((fetched.IsCompleted ? await fetched : await WaitAsync(entry, cancellationToken)) is not { } present)
                continue; // who fetched it failed or gave up: try oneself
            return present ? new Pin(this, entry) : null;
        }
    }

    private async Task<bool?> WaitAsync(Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await entry.Fetched.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            room.Unpin(entry);
            throw;
        }
    }

    private (Entry Entry, bool IsNew) Find(FileKey key)
    {
        lock (room.Gate)
        {
            if (entries.TryGetValue(key, out Entry? entry))
            {
                Use(entry);
                return (entry, IsNew: false);
            }

            statistics.Misses++;
            entry = Add(key);
            room.Pin(entry);
            return (entry, IsNew: true);
        }
    }

    // An action does. The caller holds the gate.
    private void Use(Entry entry)
    {
        statistics.Hits++;
        if (entry.IsAhead)
            statistics.AheadUsedBytes += entry.Bytes;
        entry.IsAhead = false;
        room.Pin(entry);
    }

    // To make room; the gate is held.
    private void Forget(Entry entry)
    {
        entries.Remove(entry.Key);
        statistics.Entries--;
        statistics.Bytes -= entry.Bytes;
        statistics.Evictions++;
        if (entry.IsAhead)
            statistics.AheadUnusedBytes += entry.Bytes;
    }

    // The caller holds the gate.
    private Entry Add(FileKey key)
    {
        long number = ++lastNumber;
        var entry = new Entry(this, key, $"{number % Fanout:x2}/{number:x}");
        entries.Add(key, entry);
        return entry;
    }

    private async Task<Pin?> FillAsync(Entry entry, CancellationToken cancellationToken)
    {
        bool? present = null;
        try
        {
            present = await FetchAsync(entry, cancellationToken);
            return present.Value ? new Pin(this, entry) : null;
        }
        finally
        {
            lock (room.Gate)
            {
                if (present == true)
                {
                    room.Add(entry);
                    statistics.Entries++;
                    statistics.Bytes += entry.Bytes;
                }
                else
                {
                    entries.Remove(entry.Key);
                }
            }

            if (present != true)
                File.Delete(entry.Path);
            entry.Fetched.SetResult(present);
        }
    }

    private async Task<bool> FetchAsync(Entry entry, CancellationToken cancellationToken)
    {
        Digest digest = entry.Key.Digest;
        await using BlobReader? reader = digest.IsEmptyBlob ? null : await cas.OpenReadAsync(digest, 0, cancellationToken);
        if (reader is null && !digest.IsEmptyBlob)
            return false;

        using SafeFileHandle file = File.OpenHandle(entry.Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(digest.SizeBytes, 1, BufferBytes));
        try
        {
            for (long position = 0; position < digest.SizeBytes;)
            {
                int read = await reader!.ReadAsync(buffer, cancellationToken);
                if (read == 0)
                    throw new BlobCorruptException(digest);
                RandomAccess.Write(file, buffer.AsSpan(0, read), position);
                position += read;
            }
        }
        catch (BlobCorruptException)
        {
            return false; // dropped by the store, so missing from now on
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        File.SetUnixFileMode(file, entry.Key.Executable ? ReadAndExecute : ReadOnly);
        return true;
    }

    private bool Place(Entry entry, OpenDirectory target, string name, bool links)
    {
        if (links)
        {
            if (Libc.LinkAt(root.Descriptor, entry.Name, target.Descriptor, name, 0) == 0)
                return true;

            // An inode has a limited number of links, and a directory may be another file system's.
            int error = Marshal.GetLastPInvokeError();
            if (error is not (Libc.EMLINK or Libc.EXDEV or Libc.EPERM))
                throw new NativeException($"linking '{target.Path}/{name}'", error);
        }

        File.Copy(entry.Path, $"{target.Path}/{name}");
        return false;
    }

    /// <summary>A cached file that stays cached until this is disposed.</summary>
    public readonly struct Pin : IDisposable
    {
        private readonly FileCache cache;
        private readonly Entry entry;

        internal Pin(FileCache cache, object entry)
        {
            this.cache = cache;
            this.entry = (Entry)entry;
        }

        /// <summary>Makes the file appear in a directory where nothing of that name is: read-only, and perhaps the cached file itself.</summary>
        public void PlaceIn(OpenDirectory target, string name) => cache.Place(entry, target, name, cache.hardlinks);

        /// <summary>
        /// Makes the cached file itself appear in a directory where nothing of that name is, and where nobody can write to it; true if it does. If it has as many
        /// links as it can have, a copy appears.
        /// </summary>
        public bool LinkIn(OpenDirectory target, string name) => cache.Place(entry, target, name, links: true);

        /// <summary>Copies the file to a path where nothing is: the copy may be changed.</summary>
        public void CopyTo(string path) => File.Copy(entry.Path, path);

        /// <summary>Lets the cache drop the file.</summary>
        public void Dispose() => cache.room.Unpin(entry);

        /// <summary>What keeps the file, for who keeps it on.</summary>
        public CacheEntry Entry => entry;
    }

    private sealed class Entry : CacheEntry
    {
        private readonly FileCache cache;

        public Entry(FileCache cache, FileKey key, string name)
            : base($"{cache.root.Path}/{name}")
        {
            this.cache = cache;
            Name = name;
            Key = key;
            Bytes = key.Digest.SizeBytes;
            Nodes = 1;
        }

        public FileKey Key { get; }

        /// <summary>Its path relative to the cache's directory.</summary>
        public string Name { get; }

        /// <summary>True once the file is there, false if the CAS lacks it, null if fetching it failed.</summary>
        public TaskCompletionSource<bool?> Fetched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>True if it was fetched ahead, and no action has wanted it yet.</summary>
        public bool IsAhead { get; set; }

        public override void Forget() => cache.Forget(this);

        public override void Delete() => File.Delete(Path);
    }
}
