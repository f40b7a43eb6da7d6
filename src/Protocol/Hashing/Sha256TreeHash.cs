using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace RemoteExec.Protocol.Hashing;

/// <summary>
/// SHA256TREE: leaves of 1,024 bytes are hashed with SHA-256; two nodes are joined by SHA-256's block function alone: from the upper halves of SHA-384's
/// initial state, without padding and without adding that state at the end (DIG-13). Content of up to one leaf has its plain SHA-256.
/// </summary>
internal sealed class Sha256TreeHash : ContentHash
{
    private const int LeafBytes = 1024;
    private const int HashBytes = SHA256.HashSizeInBytes;

    private static readonly uint[] roundConstants = MakeRoundConstants();

    private readonly MerkleStack nodes = new(Join);
    private readonly byte[] leaf = new byte[LeafBytes];
    private int filled;

    /// <inheritdoc/>
    public override void Append(ReadOnlySpan<byte> content)
    {
        Span<byte> node = stackalloc byte[HashBytes];
        while (!content.IsEmpty)
        {
            // A leaf is pushed when there is more behind it.
            if (filled == LeafBytes)
            {
                SHA256.HashData(leaf, node);
                nodes.Push(node);
                filled = 0;
            }

            while (filled == 0 && content.Length > LeafBytes)
            {
                SHA256.HashData(content[..LeafBytes], node);
                nodes.Push(node);
                content = content[LeafBytes..];
            }

            int count = Math.Min(content.Length, LeafBytes - filled);
            content[..count].CopyTo(leaf.AsSpan(filled));
            filled += count;
            content = content[count..];
        }
    }

    /// <inheritdoc/>
    public override int Finish(Span<byte> destination)
    {
        SHA256.HashData(leaf.AsSpan(0, filled), destination);
        for (int left = nodes.Depth; left > 0; left--)
            Join(nodes.Pop(), destination[..HashBytes], destination);
        return HashBytes;
    }

    private static void Join(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> destination)
    {
        Span<uint> words = stackalloc uint[64];
        for (int i = 0; i < 8; i++)
        {
            words[i] = BinaryPrimitives.ReadUInt32BigEndian(left[(4 * i)..]);
            words[8 + i] = BinaryPrimitives.ReadUInt32BigEndian(right[(4 * i)..]);
        }

        for (int i = 16; i < 64; i++)
        {
            uint x = words[i - 15], y = words[i - 2];
            uint s0 = BitOperations.RotateRight(x, 7) ^ BitOperations.RotateRight(x, 18) ^ (x >> 3);
            uint s1 = BitOperations.RotateRight(y, 17) ^ BitOperations.RotateRight(y, 19) ^ (y >> 10);
            words[i] = words[i - 16] + s0 + words[i - 7] + s1;
        }

        uint a = 0xcbbb9d5d, b = 0x629a292a, c = 0x9159015a, d = 0x152fecd8, e = 0x67332667, f = 0x8eb44a87, g = 0xdb0c2e0d, h = 0x47b5481d;
        for (int i = 0; i < 64; i++)
        {
            uint sum1 = BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25);
            uint t1 = h + sum1 + ((e & f) ^ (~e & g)) + roundConstants[i] + words[i];
            uint sum0 = BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22);
            uint t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }

        ReadOnlySpan<uint> result = [a, b, c, d, e, f, g, h];
        for (int i = 0; i < result.Length; i++)
            BinaryPrimitives.WriteUInt32BigEndian(destination[(4 * i)..], result[i]);
    }

    /// <summary>The first 32 bits of the fractional parts of the cube roots of the first 64 primes, which is how the standard defines them.</summary>
    private static uint[] MakeRoundConstants()
    {
        var constants = new List<uint>();
        for (int n = 2; constants.Count < 64; n++)
        {
            if (Enumerable.Range(2, n - 2).TakeWhile(p => p * p <= n).Any(p => n % p == 0))
                continue;
            // The cube root of n · 2⁹⁶ as an integer, bit by bit: 2³² times the root of n.
            UInt128 root = 0;
            for (int bit = 35; bit >= 0; bit--)
            {
                UInt128 next = root | (UInt128.One << bit);
                if (BigInteger.Pow((BigInteger)next, 3) <= (BigInteger)n << 96)
                    root = next;
            }

            constants.Add((uint)root);
        }

        return [.. constants];
    }
}
