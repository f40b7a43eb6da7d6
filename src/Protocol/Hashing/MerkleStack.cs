using System.Numerics;

namespace RemoteExec.Protocol.Hashing;

/// <summary>
/// The left edge of a binary hash tree whose left subtrees are complete and as large as can be, as BLAKE3 and SHA256TREE build it. Parts of equal size (some power of
/// two of leaves) are pushed from left to right; complete subtrees are joined late, because what covers all content may have to be hashed in another way.
/// </summary>
/// <param name="join">Writes the parent of two nodes: left, right, destination, which may be the left one.</param>
internal sealed class MerkleStack(MerkleStack.Join join)
{
    /// <summary>The length of a node in bytes.</summary>
    public const int NodeBytes = 32;

    private const int FirstDepth = 8; // enough for 2⁸ parts

    private byte[] nodes = []; // grows, as most content has one part and pushes nothing
    private ulong parts;
    private int depth;

    /// <summary>Joins two nodes.</summary>
    public delegate void Join(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination);

    /// <summary>The number of nodes; if nothing more is pushed, those that the last part is joined with, from the last pushed to the first.</summary>
    public int Depth
    {
        get
        {
            Settle();
            return depth;
        }
    }

    /// <summary>Pushes the node of the next part; there must be more content behind it.</summary>
    public void Push(ReadOnlySpan<byte> node)
    {
        Settle();
        if (nodes.Length == depth * NodeBytes)
            Array.Resize(ref nodes, Math.Max(2 * depth, FirstDepth) * NodeBytes);
        node.CopyTo(At(depth++));
        parts++;
    }

    /// <summary>Takes the last node away.</summary>
    public ReadOnlySpan<byte> Pop() => At(--depth);

    private void Settle()
    {
        for (; depth > BitOperations.PopCount(parts); depth--)
            join(At(depth - 2), At(depth - 1), At(depth - 2));
    }

    private Span<byte> At(int index) => nodes.AsSpan(index * NodeBytes, NodeBytes);
}
