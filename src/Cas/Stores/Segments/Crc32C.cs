using System.Buffers.Binary;
using System.Numerics;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// CRC-32C (Castagnoli) over content that arrives in pieces: the one checksum of this store. A mutable struct.
/// </summary>
/// <remarks>
/// The processor's instruction takes 8 bytes but has a latency of three cycles, so long content is cut in three lanes that are
/// computed side by side. A CRC register is linear over GF(2): running a lane's register through the zeros that stand for the lanes
/// after it, then xor-ing, joins them. That step is four table look-ups.
/// </remarks>
internal struct Crc32C()
{
    private const int Lane = 1024;
    private static readonly uint[] pastOneLane = MakeTable();

    private uint register = uint.MaxValue;

    /// <summary>The checksum of what was appended so far.</summary>
    public readonly uint Value => ~register;

    /// <summary>The checksum of content that is at hand in one piece.</summary>
    public static uint Compute(ReadOnlySpan<byte> content)
    {
        var crc = new Crc32C();
        crc.Append(content);
        return crc.Value;
    }

    /// <summary>Appends content.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        uint crc = register;
        for (; content.Length >= 3 * Lane; content = content[(3 * Lane)..])
        {
            uint second = 0, third = 0;
            ReadOnlySpan<byte> a = content[..Lane], b = content.Slice(Lane, Lane), c = content.Slice(2 * Lane, Lane);
            for (int i = 0; i < Lane; i += 8)
            {
                crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(a[i..]));
                second = BitOperations.Crc32C(second, BinaryPrimitives.ReadUInt64LittleEndian(b[i..]));
                third = BitOperations.Crc32C(third, BinaryPrimitives.ReadUInt64LittleEndian(c[i..]));
            }

            crc = PastOneLane(PastOneLane(crc) ^ second) ^ third;
        }

        for (; content.Length >= 8; content = content[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(content));
        foreach (byte value in content)
            crc = BitOperations.Crc32C(crc, value);
        register = crc;
    }

    /// <summary>The register after one lane of zeros.</summary>
    private static uint PastOneLane(uint crc) =>
        pastOneLane[crc & 0xff] ^ pastOneLane[256 + ((crc >> 8) & 0xff)] ^ pastOneLane[512 + ((crc >> 16) & 0xff)] ^ pastOneLane[768 + (crc >> 24)];

    private static uint[] MakeTable()
    {
        var table = new uint[4 * 256];
        for (int bit = 0; bit < 32; bit++)
        {
            uint crc = 1u << bit;
            for (int i = 0; i < Lane; i += 8)
                crc = BitOperations.Crc32C(crc, 0UL);
            int part = bit / 8 * 256, weight = 1 << (bit % 8);
            for (int value = 0; value < 256; value++)
            {
                if ((value & weight) != 0)
                    table[part + value] ^= crc;
            }
        }

        return table;
    }
}
