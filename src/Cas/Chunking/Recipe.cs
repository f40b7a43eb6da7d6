using System.Buffers.Binary;
using RemoteExec.Protocol;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Cas.Chunking;

/// <summary>
/// Of which chunks a blob is made. As a value: a byte for the version, one for the chunking function, and for each chunk its length (8 bytes, little-endian) and
/// its hash; instance and digest function are those of the blob.
/// </summary>
/// <param name="Function">How the blob was cut; unknown if a client said so.</param>
/// <param name="Chunks">The chunks in order, none of them empty.</param>
internal sealed record Recipe(ChunkingFunction Function, IReadOnlyList<Digest> Chunks)
{
    /// <summary>The shortest blob of which a recipe is kept: anything shorter may be one chunk.</summary>
    public const int MinBlobBytes = 2 * Chunkers.RepMaxCdcMinBytes;

    /// <summary>The most chunks of a recipe, which is in memory as a whole when it is looked at: 90 GB of recommended ones.</summary>
    public const int MaxChunks = 256 * 1024;

    // What a client splices of smaller pieces is copied: each chunk is a look-up whenever the blob is.
    private const int MinAverageChunkBytes = 16 * 1024;
    private const byte Version = 1;
    private const int HeaderBytes = 2;

    /// <summary>The length of the blob.</summary>
    public long BlobBytes { get; } = Chunks.Sum(chunk => chunk.SizeBytes);

    /// <summary>True if a blob may have a recipe, as far as its digest tells.</summary>
    public static bool MayBeOf(in Digest blob) => !blob.HasSize || blob.SizeBytes >= MinBlobBytes;

    /// <summary>True if the recipe is worth keeping.</summary>
    public bool IsWorthKeeping => Chunks.Count is > 1 and <= MaxChunks && BlobBytes >= MinBlobBytes && BlobBytes / Chunks.Count >= MinAverageChunkBytes;

    /// <summary>The recipe as a value.</summary>
    public byte[] Encode()
    {
        int entryBytes = EntryBytes(Chunks[0]);
        var value = new byte[HeaderBytes + (Chunks.Count * entryBytes)];
        value[0] = Version;
        value[1] = (byte)Function;
        Span<byte> rest = value.AsSpan(HeaderBytes);
        foreach (Digest chunk in Chunks)
        {
            BinaryPrimitives.WriteInt64LittleEndian(rest, chunk.SizeBytes);
            chunk.HashSpan.CopyTo(rest[sizeof(long)..]);
            rest = rest[entryBytes..];
        }

        return value;
    }

    /// <summary>Reads the recipe of a blob; null if it is none, or of another version.</summary>
    public static Recipe? TryDecode(in Digest blob, ReadOnlySpan<byte> value)
    {
        int entryBytes = EntryBytes(blob);
        if (value.Length <= HeaderBytes || value[0] != Version || (value.Length - HeaderBytes) % entryBytes != 0)
            return null;
        long left = blob.HasSize ? blob.SizeBytes : long.MaxValue;
        var chunks = new Digest[(value.Length - HeaderBytes) / entryBytes];
        for (int i = 0; i < chunks.Length; i++)
        {
            ReadOnlySpan<byte> entry = value.Slice(HeaderBytes + (i * entryBytes), entryBytes);
            long size = BinaryPrimitives.ReadInt64LittleEndian(entry);
            if (size <= 0 || size > left)
                return null;
            left -= size;
            chunks[i] = Digest.Create(blob.Instance, blob.Function, entry[sizeof(long)..], size);
        }

        return !blob.HasSize || left == 0 ? new Recipe((ChunkingFunction)value[1], chunks) : null;
    }

    private static int EntryBytes(in Digest blob) => sizeof(long) + blob.HashSpan.Length;
}
