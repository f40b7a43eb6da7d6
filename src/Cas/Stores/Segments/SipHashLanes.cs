using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary><see cref="SipHash"/> of eight inputs of one length at a time, one in each lane of a vector: for the tags of a look-up of many blobs.</summary>
internal static class SipHashLanes
{
    /// <summary>How many inputs it takes.</summary>
    public const int Count = 8;

    /// <summary>False if this processor can't do it.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>Hashes eight inputs.</summary>
    /// <param name="key">The key.</param>
    /// <param name="words">The first eight bytes of each input as a little-endian number, then the second eight, and so on; behind the last byte zeros.</param>
    /// <param name="length">The length of each input in bytes; there is a word for its last bytes even if it is a multiple of eight.</param>
    /// <param name="hashes">The eight results.</param>
    public static void Compute(UInt128 key, ReadOnlySpan<ulong> words, int length, Span<UInt128> hashes)
    {
        ulong k0 = (ulong)key, k1 = (ulong)(key >> 64);
        Vector512<ulong> v0 = Vector512.Create(k0 ^ 0x736f6d6570736575), v1 = Vector512.Create(k1 ^ 0x646f72616e646f6d ^ 0xee);
        Vector512<ulong> v2 = Vector512.Create(k0 ^ 0x6c7967656e657261), v3 = Vector512.Create(k1 ^ 0x7465646279746573);

        ReadOnlySpan<Vector512<ulong>> all = MemoryMarshal.Cast<ulong, Vector512<ulong>>(words);
        for (int i = 0; i < all.Length; i++)
        {
            Vector512<ulong> word = i < all.Length - 1 ? all[i] : all[i] | Vector512.Create((ulong)length << 56);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
        }

        v2 ^= Vector512.Create(0xeeUL);
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        Vector512<ulong> low = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= Vector512.Create(0xddUL);
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        Vector512<ulong> high = v0 ^ v1 ^ v2 ^ v3;
        for (int i = 0; i < Count; i++)
            hashes[i] = new UInt128(high[i], low[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref Vector512<ulong> v0, ref Vector512<ulong> v1, ref Vector512<ulong> v2, ref Vector512<ulong> v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = Avx512F.RotateLeft(v1, 13) ^ v0;
        v3 = Avx512F.RotateLeft(v3, 16) ^ v2;
        v0 = Avx512F.RotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = Avx512F.RotateLeft(v1, 17) ^ v2;
        v3 = Avx512F.RotateLeft(v3, 21) ^ v0;
        v2 = Avx512F.RotateLeft(v2, 32);
    }
}
