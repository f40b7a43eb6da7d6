using Microsoft.Win32.SafeHandles;
using RemoteExec.Cas.Stores.Segments;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>A pack that is on the local disk: it is being filled, or waits to be uploaded. Its file stays readable for those who acquired it before it was deleted.</summary>
internal sealed class SpoolPack
{
    private readonly SafeFileHandle file;
    private readonly StorageFaults faults;
    private readonly TaskCompletionSource uploaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock naming = new(); // guards the renaming of what is sealed
    private volatile bool isSealed;
    private int users = 1; // the spool itself
    private long end; // of what was written, or may have been

    private SpoolPack(int number, string path, SafeFileHandle file, StorageFaults faults)
    {
        Number = number;
        Path = path;
        this.file = file;
        this.faults = faults;
        end = Length = RandomAccess.GetLength(file);
    }

    /// <summary>What stands for it in the spool's index.</summary>
    public int Number { get; }

    /// <summary>The file.</summary>
    public string Path { get; private set; }

    /// <summary>How long it is so far.</summary>
    public long Length { get; private set; }

    /// <summary>What it counts in the backlog.</summary>
    public long Backlog { get; set; }

    /// <summary>Its name, once it is sealed.</summary>
    public PackName Name { get; private set; }

    /// <summary>The records that count, by tag; empty once it is sealed.</summary>
    public Dictionary<UInt128, PackEntry> Entries { get; private set; } = [];

    /// <summary>When its first record came.</summary>
    public long Began { get; init; }

    /// <summary>Since when it waits for the bucket; of a pack of an earlier process, when it was written last.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>True if its blobs are found before they are in the bucket.</summary>
    public bool IsVisible { get; init; }

    /// <summary>True if somebody waits for it to be uploaded. Guarded by the spool.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>How long it rests when its upload fails the next time. Belongs to the uploader.</summary>
    public TimeSpan Rest { get; set; }

    /// <summary>Ends when it is in the bucket.</summary>
    public Task Uploaded => uploaded.Task;

    /// <summary>Creates a file.</summary>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public static SpoolPack Create(int number, string path, StorageFaults faults, bool isVisible, TimeProvider time) =>
        new(number, path, Open(path, FileMode.CreateNew, faults), faults) { IsVisible = isVisible, Began = time.GetTimestamp(), Since = time.GetUtcNow() };

    /// <summary>Opens a file of an earlier process.</summary>
    /// <exception cref="CasException">The disk failed.</exception>
    public static SpoolPack Open(int number, string path, StorageFaults faults, bool isVisible) =>
        new(number, path, Open(path, FileMode.Open, faults), faults) { IsVisible = isVisible, Since = File.GetLastWriteTimeUtc(path) };

    /// <summary>Holds the file open until <see cref="Release"/>.</summary>
    public void Acquire() => Interlocked.Increment(ref users);

    /// <summary>Lets go of the file.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref users) == 0)
            file.Dispose();
    }

    /// <summary>Reads bytes, fewer than asked for only at the end.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public int Read(Span<byte> destination, long offset)
    {
        try
        {
            int filled = 0;
            for (int read = -1; filled < destination.Length && read != 0; filled += read)
                read = RandomAccess.Read(file, destination[filled..], offset + filled);
            return filled;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw faults.Of(fault, 0);
        }
    }

    /// <summary>Writes bytes anywhere; they count from the next <see cref="Advance"/> on.</summary>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        end = Math.Max(end, offset + bytes.Length); // of one that fails, a part may be there
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw faults.Of(fault, bytes.Length);
        }
    }

    /// <summary>What was written up to here counts.</summary>
    public void Advance(long length) => Length = length;

    /// <summary>Cuts off what was written behind the part that counts, if anything was: it could be taken for records, once it stands behind one.</summary>
    /// <exception cref="CasException">The disk failed.</exception>
    public void Cut()
    {
        if (end == Length)
            return;
        try
        {
            RandomAccess.SetLength(file, Length);
            end = Length;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw faults.Of(fault, 0);
        }
    }

    /// <summary>It is complete, and has its name.</summary>
    /// <exception cref="CasException">The disk failed.</exception>
    public void Seal(PackName name, string path)
    {
        try
        {
            if (path != Path)
                File.Move(Path, path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw faults.Of(fault, 0);
        }

        Name = name;
        Path = path;
        Entries = [];
        isSealed = true;
    }

    /// <summary>Brings it to the medium. If it was complete before, its file then has a name that says that it is there.</summary>
    /// <param name="nameOf">That path.</param>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Flush(Func<PackName, string> nameOf)
    {
        bool isWhole = isSealed; // what comes meanwhile is for the next time
        FileFlush.Run(file);
        if (!isWhole)
            return;
        lock (naming)
        {
            string path = nameOf(Name);
            if (path != Path)
                File.Move(Path, path);
            Path = path;
        }
    }

    /// <summary>It is in the bucket.</summary>
    public void EndUpload() => uploaded.TrySetResult();

    /// <summary>It is not going to be in the bucket while this process lives.</summary>
    public void GiveUpUpload(Exception reason)
    {
        uploaded.TrySetException(reason);
        _ = uploaded.Task.Exception; // looked at: often nobody waits
    }

    private static SafeFileHandle Open(string path, FileMode mode, StorageFaults faults)
    {
        try
        {
            if (mode == FileMode.CreateNew)
                StoreDirectory.CreateFile(path).Dispose();
            return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw faults.Of(fault, 0);
        }
    }
}
