using System.Globalization;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The directory of one store, locked for this process as long as this object lives:
/// <code>
/// format             "remoteexec segments", "version 1", "key …": written once
/// lock, owner        the lock, and the number of the process that has it
/// NNNNNNNNNN.seg     a segment of many records      NNNNNNNNNN.one   a segment of one large record
/// checkpoint         the index as of some moment    checkpoint.old   the one before
/// </code>
/// Directories are made with mode 0700 and files with 0600.
/// </summary>
internal sealed class StoreDirectory : IDisposable
{
    /// <summary>The name of the file that every store has.</summary>
    public const string FormatFile = "format";

    private const string SegmentsTitle = "remoteexec segments";
    private const int Version = 1;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly FileStream ownership;
    private readonly ILogger logger;

    private StoreDirectory(string path, FileStream ownership, StoreKey key, ILogger logger)
    {
        Path = path;
        this.ownership = ownership;
        Key = key;
        this.logger = logger;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>The secret of the store.</summary>
    public StoreKey Key { get; }

    /// <summary>The checkpoint file.</summary>
    public string CheckpointPath => System.IO.Path.Combine(Path, "checkpoint");

    /// <summary>The checkpoint before.</summary>
    public string OldCheckpointPath => System.IO.Path.Combine(Path, "checkpoint.old");

    /// <summary>What its disk has free for us; null if that can't be told.</summary>
    public long? FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Path).AvailableFreeSpace;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    /// <summary>Opens or creates it.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="logger">For what an operator has to know.</param>
    /// <param name="title">What the first line of its file <c>format</c> is: other stores have others.</param>
    /// <exception cref="StoreLockedException">Somebody else has it open.</exception>
    /// <exception cref="StoreFormatException">It is no store, or one of another version.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public static StoreDirectory Open(string path, ILogger logger, string title = SegmentsTitle)
    {
        path = System.IO.Path.GetFullPath(path);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);

        FileStream ownership = Lock(path);
        try
        {
            WriteText(System.IO.Path.Combine(path, "owner"), $"{Environment.ProcessId}\n", flush: false);
            return new StoreDirectory(path, ownership, ReadOrCreateFormat(path, title), logger);
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
    }

    /// <summary>The path of a segment.</summary>
    public string SegmentPath(int number, bool single) =>
        System.IO.Path.Combine(Path, string.Create(CultureInfo.InvariantCulture, $"{number:D10}.{(single ? "one" : "seg")}"));

    /// <summary>The segments that are there, in order of their numbers.</summary>
    public IEnumerable<(string Path, int Number, bool IsSingle)> Segments() => SegmentsIn(Path);

    /// <summary>The segments in a directory, in order of their numbers.</summary>
    public static IEnumerable<(string Path, int Number, bool IsSingle)> SegmentsIn(string path) =>
        from file in Directory.EnumerateFiles(path)
        let extension = System.IO.Path.GetExtension(file)
        where extension is ".seg" or ".one"
        let number = int.TryParse(System.IO.Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 0
        where number > 0
        orderby number
        select (file, number, extension == ".one");

    /// <summary>Unlinks a segment that left the log, and gives up the log's hold on it.</summary>
    public void Delete(SegmentFile segment)
    {
        try
        {
            File.Delete(segment.Path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            CasLog.SegmentNotDeleted(logger, fault, segment.Path);
        }
        finally
        {
            segment.Release();
        }
    }

    /// <summary>Creates a file that only its owner may read, replacing one that is there.</summary>
    public static FileStream CreateFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        return new FileStream(path, options);
    }

    /// <inheritdoc/>
    public void Dispose() => ownership.Dispose();

    private static FileStream Lock(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            return new FileStream(System.IO.Path.Combine(path, "lock"), options);
        }
        catch (IOException fault) when (fault.HResult is 11 or 35 or unchecked((int)0x80070020)) // EWOULDBLOCK (Linux, macOS), ERROR_SHARING_VIOLATION
        {
            // A file that is locked can't be read, so the owner's number is in one of its own.
            throw new StoreLockedException(path, ReadOwner(path));
        }
    }

    private static int? ReadOwner(string path)
    {
        try
        {
            string text = File.ReadAllText(System.IO.Path.Combine(path, "owner"));
            return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int id) ? id : null;
        }
        catch (IOException)
        {
            return null; // the message does without
        }
    }

    private static StoreKey ReadOrCreateFormat(string path, string title)
    {
        string file = System.IO.Path.Combine(path, FormatFile);
        if (!File.Exists(file))
        {
            if (Directory.EnumerateFiles(path, "*.seg").Any())
                throw new StoreFormatException(path, "it has segments, but the file 'format' is missing; restore that file, or empty the directory");
            StoreKey created = StoreKey.Create();
            WriteText(file + ".new", $"{title}\nversion {Version}\nkey {created}\n", flush: true);
            File.Move(file + ".new", file, overwrite: true);
            DirectoryFlush.Run(path);
            return created;
        }

        string[] lines = File.ReadAllLines(file);
        if (lines.Length < 2 || lines[0] != title || !lines[1].StartsWith("version ", StringComparison.Ordinal))
            throw new StoreFormatException(path, "its file 'format' is not one of a store; empty the directory, or name another");
        if (lines[1] != $"version {Version}")
            throw new StoreFormatException(path, $"it has format {lines[1]}, and this program knows version {Version}; run the program that made it, or empty the directory");
        return lines.Length > 2 && lines[2].StartsWith("key ", StringComparison.Ordinal) && StoreKey.Parse(lines[2].AsSpan(4)) is { } key
            ? key
            : throw new StoreFormatException(path, "the key in its file 'format' is damaged; restore that file, or empty the directory");
    }

    private static void WriteText(string path, string text, bool flush)
    {
        using FileStream stream = CreateFile(path);
        stream.Write(System.Text.Encoding.ASCII.GetBytes(text));
        stream.Flush();
        if (flush)
            FileFlush.Run(stream.SafeFileHandle);
    }
}
