using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// One open segment. Whoever acquired it can go on reading and writing after it was dropped: the file is unlinked, its handle stays
/// open until the last one releases it.
/// </summary>
internal sealed class SegmentFile
{
    private readonly SafeFileHandle handle;
    private readonly StorageFaults faults;
    private readonly Lock flushing = new();
    private int holders = 1; // the log is one
    private int dirty;
    private long liveBytes;
    private long usedBytes;
    private volatile bool isDropped;
    private volatile bool isDoubtful;

    private SegmentFile(SafeFileHandle handle, StorageFaults faults, string path, int number, bool single)
    {
        this.handle = handle;
        this.faults = faults;
        Path = path;
        Number = number;
        IsSingle = single;
    }

    /// <summary>The path of the file.</summary>
    public string Path { get; }

    /// <summary>Its number; numbers ascend and are never used again.</summary>
    public int Number { get; }

    /// <summary>True if it holds one record that is larger than a segment.</summary>
    public bool IsSingle { get; }

    /// <summary>Where the next reservation starts. Guarded by the log's lock.</summary>
    public long Tail { get; set; }

    /// <summary>How much the store had handed out to writers when the last reservation was made here; much less than nothing for a segment of an earlier run. Guarded by the log's lock.</summary>
    public long WrittenAt { get; set; } = long.MinValue / 2;

    /// <summary>The offsets of reservations that are neither published nor given up. Guarded by the log's lock.</summary>
    public HashSet<long> Pending { get; } = [];

    /// <summary>True if space may be reserved behind its end. Guarded by the log's lock, but for <see cref="GiveBackSpace"/>, of which there is one at a time.</summary>
    public bool HasReservedSpace { get; private set; } = true;

    /// <summary>True once it takes no more records, because it is being evicted or gone.</summary>
    public bool IsDropped
    {
        get => isDropped;
        set => isDropped = value;
    }

    /// <summary>
    /// True once bringing it to the medium has failed. The system forgets then what it could not write, so that no later success tells anything of it: the segment takes no more
    /// records, and checkpoints do not cover it, but remember this.
    /// </summary>
    public bool IsDoubtful
    {
        get => isDoubtful;
        set => isDoubtful = value;
    }

    /// <summary>The weight of the records that the index knows.</summary>
    public long LiveBytes => Interlocked.Read(ref liveBytes);

    /// <summary>About the weight of those in use, that is, last used after <see cref="ForgottenEra"/>.</summary>
    public long UsedBytes => Interlocked.Read(ref usedBytes);

    /// <summary>About the era of the last use of any record.</summary>
    public uint LastUse { get; set; }

    /// <summary>The era in which uses were last forgotten.</summary>
    public uint ForgottenEra { get; set; }

    /// <summary>The length of the file on disk.</summary>
    public long FileLength => RandomAccess.GetLength(handle);

    /// <summary>Creates the file, which must not exist, with mode 0600.</summary>
    /// <param name="faults">What failures mean.</param>
    /// <param name="path">The path of the file.</param>
    /// <param name="number">Its number.</param>
    /// <param name="single">True if it is for one record.</param>
    /// <param name="flushName">True to bring its name to the medium.</param>
    /// <param name="reserve">Reserves the space for it.</param>
    /// <exception cref="CasException">It can't be created.</exception>
    public static SegmentFile Create(StorageFaults faults, string path, int number, bool single, bool flushName, Action<SafeFileHandle> reserve)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            reserve(handle);
            if (flushName)
                DirectoryFlush.Run(System.IO.Path.GetDirectoryName(path)!);
            return new SegmentFile(handle, faults, path, number, single);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (handle is not null)
            {
                handle.Dispose();
                DeleteEmpty(path);
            }

            throw faults.Of(fault, 0);
        }
    }

    /// <summary>Opens an existing file; its tail is its length. What was written to it before may not be on the medium.</summary>
    /// <exception cref="IOException">It can't be opened.</exception>
    public static SegmentFile Open(StorageFaults faults, string path, int number, bool single)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        return new SegmentFile(handle, faults, path, number, single) { Tail = RandomAccess.GetLength(handle), dirty = 1 };
    }

    /// <summary>Counts a record that the index learns of, or with a negative weight forgets.</summary>
    public void AddLive(long weight) => Interlocked.Add(ref liveBytes, weight);

    /// <summary>The same for those in use.</summary>
    public void AddUsed(long weight) => Interlocked.Add(ref usedBytes, weight);

    /// <summary>Forgets all uses before an era.</summary>
    public void ForgetUses(uint era)
    {
        ForgottenEra = era;
        Interlocked.Exchange(ref usedBytes, 0);
    }

    /// <summary>Takes part in holding the handle open. Only while the log, or the caller, holds it already.</summary>
    public void Acquire() => Interlocked.Increment(ref holders);

    /// <summary>Gives up what <see cref="Acquire"/> took; the last one closes the file.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holders) == 0)
            handle.Dispose();
    }

    /// <summary>Reads what is there, up to the length of the destination; fewer bytes only at the end of the file.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public int Read(Span<byte> destination, long offset)
    {
        try
        {
            int filled = 0;
            while (filled < destination.Length)
            {
                int read = RandomAccess.Read(handle, destination[filled..], offset + filled);
                if (read == 0)
                    break;
                filled += read;
            }

            return filled;
        }
        catch (IOException fault)
        {
            throw faults.Of(fault, 0);
        }
    }

    /// <summary>Writes all of it.</summary>
    /// <exception cref="StoreFullException">The disk is full.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public void Write(ReadOnlySpan<byte> source, long offset)
    {
        // Synchronous on purpose: it ends in the page cache, and what is called asynchronous for files is this call on another thread.
        try
        {
            RandomAccess.Write(handle, source, offset);
        }
        catch (IOException fault)
        {
            throw faults.Of(fault, source.Length);
        }

        Volatile.Write(ref dirty, 1);
    }

    /// <summary>Reserves the space for a segment that is written on after a restart, as far as the disk has it.</summary>
    public void ReserveRest(FileSpace space, long bytes)
    {
        try
        {
            space.Reserve(handle, bytes);
        }
        catch (IOException)
        {
            // Without it writing works as well, and tells when there is no space.
        }
    }

    /// <summary>Gives back the space that is reserved behind the end of the file. Not while anybody may write to it.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void GiveBackSpace()
    {
        Truncate(FileLength);
        HasReservedSpace = false;
    }

    /// <summary>Cuts the file.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public void Truncate(long length) => RandomAccess.SetLength(handle, length);

    /// <summary>Brings everything written before this call to the medium.</summary>
    /// <exception cref="IOException">The disk failed, now or earlier; what was written since the last success may be lost at a power failure.</exception>
    public void Flush()
    {
        // One at a time: who comes while another's flush is under way must not take that for his own.
        lock (flushing)
        {
            if (isDoubtful)
                throw new IOException("what was written to it could not be flushed before");
            if (Interlocked.Exchange(ref dirty, 0) == 0)
                return;
            try
            {
                FileFlush.Run(handle);
            }
            catch (IOException)
            {
                isDoubtful = true;
                throw;
            }
        }
    }

    private static void DeleteEmpty(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // The same disk, which has failed already: that is what the caller is told. The next start removes a segment without records.
        }
    }

    /// <summary>What a failure means for the callers of the store.</summary>
    public StoreUnavailableException Failure(IOException fault) => new(faults.Store, fault);
}
