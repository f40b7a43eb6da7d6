using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>
/// Knows the digests of files that nobody has changed since they were hashed: same inode, length and times, of which the time of the last change of the inode can't be set by anybody. A file
/// is learned only once its times are older than the clock's resolution, as else a change could follow that leaves no trace in them.
/// </summary>
/// <remarks>
/// In a file: a magic number with the version, the digest function, and for each file its status and its hash, sorted by device and inode; at the end the SHA-256 of all that. One that is damaged,
/// or of another version, counts as empty: then files are hashed again, and nothing else happens.
/// </remarks>
internal sealed class DigestCache
{
    private const int HeaderBytes = 16, StatusBytes = 48;
    private readonly DigestFunction function;
    private readonly byte[] content;
    private readonly int entryBytes;

    private DigestCache(DigestFunction function, byte[] content)
    {
        this.function = function;
        this.content = content;
        entryBytes = EntryBytes(function);
        Count = content.Length == 0 ? 0 : (content.Length - HeaderBytes - SHA256.HashSizeInBytes) / entryBytes;
    }

    /// <summary>How many files it knows.</summary>
    public int Count { get; }

    private static ReadOnlySpan<byte> Magic => "RXDIGST\u0001"u8;

    /// <summary>Reads a file; one that is not there, or can't be used, is an empty cache.</summary>
    public static DigestCache Load(string path, DigestFunction function)
    {
        try
        {
            byte[] content = File.Exists(path) ? File.ReadAllBytes(path) : [];
            return new DigestCache(function, IsGood(content, function) ? content : []);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new DigestCache(function, []);
        }
    }

    /// <summary>The digest of a file with this status; null if it is not known.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    public Digest? Find(in FileStatus status, InstanceName instance)
    {
        Span<byte> wanted = stackalloc byte[StatusBytes];
        Write(wanted, status);
        int low = 0, high = Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            ReadOnlySpan<byte> entry = content.AsSpan(HeaderBytes + (middle * entryBytes), entryBytes);
            int order = entry[..16].SequenceCompareTo(wanted[..16]);
            if (order == 0)
                return entry[..StatusBytes].SequenceEqual(wanted) ? Digest.Create(instance, function, entry[StatusBytes..], status.Length) : null;
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return null;
    }

    /// <summary>Writes a file with what is known of some files, in the place of what was known before. That it can't be written is no failure: files are hashed again then.</summary>
    /// <param name="path">The file.</param>
    /// <param name="function">The digest function.</param>
    /// <param name="files">The files, all of them hashed.</param>
    /// <param name="settled">What changed at this time or later is not learned.</param>
    public static void Save(string path, DigestFunction function, IEnumerable<LocalFile> files, DateTimeOffset settled)
    {
        int entryBytes = EntryBytes(function);
        long before = settled.ToUnixTimeSeconds();
        int nanoseconds = (int)(settled.Ticks % TimeSpan.TicksPerSecond) * 100;
        LocalFile[] known =
        [
            .. files.Where(file => (file.Status.ChangedSeconds, file.Status.ChangedNanoseconds).CompareTo((before, nanoseconds)) < 0
                    && (file.Status.ModifiedSeconds, file.Status.ModifiedNanoseconds).CompareTo((before, nanoseconds)) < 0)
                .OrderBy(file => file.Status.Device).ThenBy(file => file.Status.Inode).DistinctBy(file => (file.Status.Device, file.Status.Inode)),
        ];
        byte[] content = new byte[HeaderBytes + (known.Length * entryBytes) + SHA256.HashSizeInBytes];
        Magic.CopyTo(content);
        content[Magic.Length] = (byte)function;
        for (int i = 0; i < known.Length; i++)
        {
            Span<byte> entry = content.AsSpan(HeaderBytes + (i * entryBytes), entryBytes);
            Write(entry, known[i].Status);
            known[i].Digest!.Value.HashSpan.CopyTo(entry[StatusBytes..]);
        }

        SHA256.HashData(content.AsSpan(..^SHA256.HashSizeInBytes), content.AsSpan(content.Length - SHA256.HashSizeInBytes));
        try
        {
            StateFiles.Write(path, content);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A cache that can't be kept: the next run takes longer.
        }
    }

    private static int EntryBytes(DigestFunction function) => StatusBytes + function.HashLength();

    // Big-endian, so that the order of bytes is that of numbers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Write(Span<byte> entry, in FileStatus status)
    {
        BinaryPrimitives.WriteUInt64BigEndian(entry, status.Device);
        BinaryPrimitives.WriteUInt64BigEndian(entry[8..], status.Inode);
        BinaryPrimitives.WriteInt64BigEndian(entry[16..], status.Length);
        BinaryPrimitives.WriteInt64BigEndian(entry[24..], status.ModifiedSeconds);
        BinaryPrimitives.WriteInt32BigEndian(entry[32..], status.ModifiedNanoseconds);
        BinaryPrimitives.WriteInt64BigEndian(entry[36..], status.ChangedSeconds);
        BinaryPrimitives.WriteInt32BigEndian(entry[44..], status.ChangedNanoseconds);
    }

    private static bool IsGood(ReadOnlySpan<byte> content, DigestFunction function) =>
        content.Length >= HeaderBytes + SHA256.HashSizeInBytes && content.StartsWith(Magic) && content[Magic.Length] == (byte)function
        && (content.Length - HeaderBytes - SHA256.HashSizeInBytes) % EntryBytes(function) == 0
        && SHA256.HashData(content[..^SHA256.HashSizeInBytes]).AsSpan().SequenceEqual(content[^SHA256.HashSizeInBytes..]);
}
