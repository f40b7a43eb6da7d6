using System.Buffers.Binary;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Uploads;

/// <summary>Content of any length that does not repeat or shrink, and is not held in memory: a mebibyte again and again, each time with a number in front.</summary>
internal sealed class LongContent
{
    /// <summary>The length of a piece.</summary>
    public const int PieceBytes = 1 << 20;

    private readonly byte[] piece = new byte[PieceBytes];

    /// <param name="seed">Other content.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="function">How it is named.</param>
    public LongContent(int seed, long length, DigestFunction function)
    {
        new Random(seed).NextBytes(piece);
        Length = length;
        using var hasher = new IncrementalHasher(function, length);
        foreach (ReadOnlyMemory<byte> part in Pieces())
            hasher.Append(part.Span);
        Digest = hasher.Finish(default);
    }

    /// <summary>The length in bytes.</summary>
    public long Length { get; }

    /// <summary>What names it.</summary>
    public Digest Digest { get; }

    /// <summary>The content in pieces, each valid until the next.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        for (long at = 0; at < Length; at += PieceBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(piece, at);
            yield return piece.AsMemory(0, (int)Math.Min(PieceBytes, Length - at));
        }
    }
}
