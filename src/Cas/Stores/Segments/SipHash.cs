using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// SipHash-2-4 with a 128-bit result (Aumasson, Bernstein): a keyed hash for short inputs. Whoever does not know the key can
/// neither find two inputs with one hash nor name the hash of an input.
/// </summary>
internal static class SipHash
{
    /// <summary>Hashes <paramref name="data"/>.</summary>
    public static UInt128 Compute(UInt128 key, ReadOnlySpan<byte> data)
    {
        ulong k0 = (ulong)key, k1 = (ulong)(key >> 64);
        ulong v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d ^ 0xee, v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;

        ulong last = (ulong)data.Length << 56;
        while (data.Length >= 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(data);
            v3 ^= word;
            Round(ref v0, ref v1, ref v2, ref v3);
            Round(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
            data = data[8..];
        }

        for (int i = 0; i < data.Length; i++)
            last |= (ulong)data[i] << (8 * i);
        v3 ^= last;
        Round(ref v0, ref v1, ref v2, ref v3);
        Round(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;

        v2 ^= 0xee;
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        ulong low = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= 0xdd;
        for (int i = 0; i < 4; i++)
            Round(ref v0, ref v1, ref v2, ref v3);
        return new UInt128(v0 ^ v1 ^ v2 ^ v3, low);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v2 += v3;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
