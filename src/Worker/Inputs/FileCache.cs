using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Worker.Native;

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
    private readonly string directory;
    private readonly long maxBytes;
    private readonly bool hardlinks;
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<FileKey, Entry> entries = [];
    private readonly LinkedList<Entry> unpinned = []; // the least recently used first
    private long usedBytes;
    private long lastNumber;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="cas">Where files come from.</param>
    /// <param name="directory">An empty directory that only the worker may enter.</param>
    /// <param name="maxBytes">The bound. Files in use are kept beyond it.</param>
    /// <param name="hardlinks">
    /// True to hardlink files to where they are wanted: only if nothing can write to a file of the worker's with mode 0444. False to copy them.
    /// </param>
    public FileCache(IBlobStore cas, string directory, long maxBytes, bool hardlinks)
    {
        this.cas = cas;
        this.directory = directory;
        this.maxBytes = maxBytes;
        this.hardlinks = hardlinks;
        for (int number = 0; number < Fanout; number++)
            Directory.CreateDirectory(Path.Combine(directory, $"{number:x2}"));
    }

    /// <summary>The sum of the lengths of the cached files.</summary>
    public long UsedBytes
    {
        get
        {
            lock (gate)
                return usedBytes;
        }
    }

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
            Unpin(entry);
            throw;
        }
    }

    private (Entry Entry, bool IsNew) Find(FileKey key)
    {
        lock (gate)
        {
            ref Entry? entry = ref CollectionsMarshal.GetValueRefOrAddDefault(entries, key, out bool exists);
            if (!exists)
            {
                long number = ++lastNumber;
                entry = new Entry(key, Path.Combine(directory, $"{number % Fanout:x2}", $"{number:x}"));
            }

            if (entry!.Pins++ == 0 && entry.Node.List is not null)
                unpinned.Remove(entry.Node);
            return (entry, !exists);
        }
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
            lock (gate)
            {
                if (present == true)
                    usedBytes += entry.Key.Digest.SizeBytes;
                else
                    entries.Remove(entry.Key);
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

    private void Unpin(Entry entry)
    {
        List<string>? evicted = null;
        lock (gate)
        {
            if (--entry.Pins == 0 && entries.GetValueOrDefault(entry.Key) == entry)
                unpinned.AddLast(entry.Node);
            while (usedBytes > maxBytes && unpinned.First is { } oldest)
            {
                unpinned.Remove(oldest);
                entries.Remove(oldest.Value.Key);
                usedBytes -= oldest.Value.Key.Digest.SizeBytes;
                (evicted ??= []).Add(oldest.Value.Path);
            }
        }

        evicted?.ForEach(File.Delete);
    }

    private void Place(Entry entry, string path)
    {
        if (hardlinks)
        {
            if (Libc.Link(entry.Path, path) == 0)
                return;

            // An inode has a limited number of links, and a directory may be another file system's.
            int error = Marshal.GetLastPInvokeError();
            if (error is not (Libc.EMLINK or Libc.EXDEV or Libc.EPERM))
                throw new NativeException($"linking '{path}'", error);
        }

        File.Copy(entry.Path, path);
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

        /// <summary>Makes the file appear at a path where nothing is: read-only, and perhaps the cached file itself.</summary>
        public void PlaceAt(string path) => cache.Place(entry, path);

        /// <summary>Copies the file to a path where nothing is: the copy may be changed.</summary>
        public void CopyTo(string path) => File.Copy(entry.Path, path);

        /// <summary>Lets the cache drop the file.</summary>
        public void Dispose() => cache.Unpin(entry);
    }

    private sealed class Entry
    {
        public Entry(FileKey key, string path)
        {
            Key = key;
            Path = path;
            Node = new LinkedListNode<Entry>(this);
        }

        public FileKey Key { get; }

        public string Path { get; }

        public LinkedListNode<Entry> Node { get; }

        public int Pins { get; set; }

        /// <summary>True once the file is there, false if the CAS lacks it, null if fetching it failed.</summary>
        public TaskCompletionSource<bool?> Fetched { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
