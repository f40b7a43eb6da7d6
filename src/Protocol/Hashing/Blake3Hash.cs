using System.Buffers;
using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Protocol.Hashing;

/// <summary>BLAKE3 with 32 bytes of output, unkeyed. Content is hashed in parts of 16 chunks, as many at once as the processor's vectors take.</summary>
internal sealed class Blake3Hash : ContentHash
{
    private const int PartChunks = 16;
    private const int PartBytes = PartChunks * Blake3.ChunkBytes;
    private const int WorthLanes = 3; // so many chunks take as long one by one as in the lanes of a vector

    private readonly MerkleStack nodes = new((left, right, destination) => Blake3.HashParent(left, right, 0, destination));
    private readonly Width width;
    private byte[]? part; // the beginning of a part of which not all is there; rented when it is needed
    private int filled;
    private ulong chunks;

    /// <summary>Starts it, on the widest vectors there are.</summary>
    public Blake3Hash()
        : this(Vector512.IsHardwareAccelerated && Avx512F.IsSupported ? Width.Lanes16 : Avx2.IsSupported ? Width.Lanes8 : Width.Scalar)
    {
    }

    /// <summary>Starts it on vectors of a given width.</summary>
    internal Blake3Hash(Width width) => this.width = width;

    /// <summary>How many chunks are hashed at once.</summary>
    internal enum Width
    {
        /// <summary>One, with ordinary registers.</summary>
        Scalar,

        /// <summary>8, with AVX2.</summary>
        Lanes8,

        /// <summary>16, with AVX-512.</summary>
        Lanes16,
    }

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<byte> content)
    {
        while (!content.IsEmpty)
        {
            // A part is hashed when there is more behind it: the last one is for Finish.
            if (filled == PartBytes)
            {
                PushPart(part.AsSpan(0, PartBytes));
                filled = 0;
            }

            for (; filled == 0 && content.Length > PartBytes; content = content[PartBytes..])
                PushPart(content[..PartBytes]);

            part ??= ArrayPool<byte>.Shared.Rent(PartBytes);
            int count = Math.Min(content.Length, PartBytes - filled);
            content[..count].CopyTo(part.AsSpan(filled));
            filled += count;
            content = content[count..];
        }
    }

    /// <inheritdoc/>
    public override int Finish(Span<byte> destination)
    {
        // The last part: its chunks but the last are whole, and hashed as those of other parts are.
        int whole = Math.Max(filled - 1, 0) / Blake3.ChunkBytes, depth = nodes.Depth;
        Span<byte> node = destination[..Blake3.ValueBytes];
        Span<byte> values = stackalloc byte[PartChunks * Blake3.ValueBytes];
        if (whole > 0)
            HashChunks(part.AsSpan(0, PartBytes), whole, chunks, values);
        uint onlyChunk = whole == 0 && depth == 0 ? Blake3.Root : 0;
        Blake3.HashChunk(part.AsSpan(whole * Blake3.ChunkBytes, filled - whole * Blake3.ChunkBytes), chunks + (uint)whole, onlyChunk, values[(whole * Blake3.ValueBytes)..]);
        Join(values[..((whole + 1) * Blake3.ValueBytes)], whole > 0 && depth == 0 ? Blake3.Root : 0, node);
        for (; depth > 0; depth--)
            Blake3.HashParent(nodes.Pop(), node, depth == 1 ? Blake3.Root : 0, node);
        return Blake3.ValueBytes;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (Interlocked.Exchange(ref part, null) is { } rented)
            ArrayPool<byte>.Shared.Return(rented);
    }

    private void PushPart(ReadOnlySpan<byte> content)
    {
        Span<byte> values = stackalloc byte[PartChunks * Blake3.ValueBytes];
        HashChunks(content, PartChunks, chunks, values);
        if (width == Width.Scalar)
        {
            Join(values, 0, values);
        }
        else
        {
            Blake3Lanes<Blake3Words256, Vector256<uint>>.HashParents(values, values);
            Join(values[..(PartChunks / 2 * Blake3.ValueBytes)], 0, values);
        }

        nodes.Push(values[..Blake3.ValueBytes]);
        chunks += PartChunks;
    }

    /// <summary>Joins the nodes of neighbouring chunks to one: the left subtree is the largest complete one that leaves something for the right.</summary>
    private static void Join(ReadOnlySpan<byte> values, uint rootFlag, Span<byte> destination)
    {
        int count = values.Length / Blake3.ValueBytes;
        if (count == 1)
        {
            values.CopyTo(destination);
            return;
        }

        int left = (int)BitOperations.RoundUpToPowerOf2((uint)count) / 2 * Blake3.ValueBytes;
        Span<byte> pair = stackalloc byte[2 * Blake3.ValueBytes];
        Join(values[..left], 0, pair);
        Join(values[left..], 0, pair[Blake3.ValueBytes..]);
        Blake3.HashParent(pair[..Blake3.ValueBytes], pair[Blake3.ValueBytes..], rootFlag, destination);
    }

    /// <summary>Hashes whole chunks that follow each other, none of them the root.</summary>
    /// <param name="content">The chunks; vectors read a whole part, whatever is behind them.</param>
    /// <param name="count">How many count, up to <see cref="PartChunks"/>.</param>
    /// <param name="number">The number of the first.</param>
    /// <param name="destination">Where their nodes go; room for those of a part.</param>
    private void HashChunks(ReadOnlySpan<byte> content, int count, ulong number, Span<byte> destination)
    {
        if (width == Width.Lanes16 && count > WorthLanes)
        {
            Blake3Lanes<Blake3Words512, Vector512<uint>>.HashChunks(content, number, destination);
            return;
        }

        while (width == Width.Lanes8 && count > WorthLanes)
        {
            Blake3Lanes<Blake3Words256, Vector256<uint>>.HashChunks(content[..(8 * Blake3.ChunkBytes)], number, destination);
            if (count <= 8)
                return;
            content = content[(8 * Blake3.ChunkBytes)..];
            destination = destination[(8 * Blake3.ValueBytes)..];
            number += 8;
            count -= 8;
        }

        for (int i = 0; i < count; i++)
            Blake3.HashChunk(content.Slice(i * Blake3.ChunkBytes, Blake3.ChunkBytes), number + (uint)i, 0, destination[(i * Blake3.ValueBytes)..]);
    }
}
