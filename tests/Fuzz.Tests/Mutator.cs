using System.Buffers.Binary;
using System.Text;

namespace RemoteExec.Fuzz.Tests;

/// <summary>Makes cases out of good input: it knows lengths, varints, decimal numbers, separators and what lies at the edges of integers, and nothing of any format.</summary>
internal sealed class Mutator(Random random, IReadOnlyList<byte[]> seeds)
{
    private const int LongestCase = 1 << 16;

    private static readonly long[] edges =
        [0, 1, -1, 2, 15, 16, 17, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, 1L << 40, long.MaxValue, long.MinValue];

    private static readonly byte[][] tokens =
    [
        .. new[]
        {
            "/", "//", ".", "..", "\0", "%", "%2f", "-", "+", "e", " ", "\t", "\n", "\r\n", ":", "=", "~", "\"", "{", "}", "[", "]", "#", "&a", "*a", "é", "\ufffd", "0", "00", "-0",
            "blobs", "compressed-blobs", "uploads", "cas", "ac", "zstd", "deflate", "identity", "sha256", "blake3", "bytes=", "GiB", "ms", "true", "null", "18446744073709551616", "1e9",
        }.Select(Encoding.UTF8.GetBytes),
        [0xff], [0xc3], [0xed, 0xa0, 0x80], [0x0a], [0x12], [0x0b], [0x0c], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
    ];

    /// <summary>Makes a case.</summary>
    public byte[] Next()
    {
        List<byte> bytes = [.. seeds[random.Next(seeds.Count)]];
        for (int count = 1 + random.Next(random.Next(4) == 0 ? 12 : 3); count > 0; count--)
            Mutate(bytes);
        if (bytes.Count > LongestCase)
            bytes.RemoveRange(LongestCase, bytes.Count - LongestCase);
        return [.. bytes];
    }

    private void Mutate(List<byte> bytes)
    {
        int at = random.Next(bytes.Count + 1);
        int span = Math.Min(bytes.Count - at, random.Next(4) == 0 ? random.Next(bytes.Count + 1) : random.Next(1, 9));
        switch (random.Next(12))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, span);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, span));
                break;
            case 4:
                bytes.InsertRange(at, tokens[random.Next(tokens.Length)]);
                break;
            case 5:
                Overwrite(bytes, at, Integer());
                break;
            case 6:
                ReplaceNumber(bytes, at);
                break;
            case 7:
                byte[] other = seeds[random.Next(seeds.Count)];
                int from = random.Next(other.Length + 1);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[from..]);
                break;
            case 8:
                bytes.InsertRange(at, Varint());
                break;
            case 9:
                Overwrite(bytes, at, Varint());
                break;
            case 10:
                byte[] piece = [.. bytes.GetRange(at, span)];
                for (int times = random.Next(random.Next(8) == 0 ? 300 : 6); times > 0 && bytes.Count < LongestCase; times--)
                    bytes.InsertRange(at, piece);
                break;
            default:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] value)
    {
        for (int i = 0; i < value.Length && at + i < bytes.Count; i++)
            bytes[at + i] = value[i];
    }

    private byte[] Integer()
    {
        var value = new byte[1 << random.Next(1, 4)];
        var whole = new byte[sizeof(long)];
        long edge = edges[random.Next(edges.Length)] + random.Next(-1, 2);
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(whole, edge);
            whole.AsSpan(0, value.Length).CopyTo(value);
        }
        else
        {
            BinaryPrimitives.WriteInt64BigEndian(whole, edge);
            whole.AsSpan(whole.Length - value.Length).CopyTo(value);
        }

        return value;
    }

    private byte[] Varint()
    {
        ulong value = (ulong)edges[random.Next(edges.Length)];
        List<byte> bytes = [];
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private void ReplaceNumber(List<byte> bytes, int at)
    {
        while (at < bytes.Count && !char.IsAsciiDigit((char)bytes[at]))
            at++;
        int end = at;
        while (end < bytes.Count && char.IsAsciiDigit((char)bytes[end]))
            end++;
        bytes.RemoveRange(at, end - at);
        bytes.InsertRange(at, Encoding.ASCII.GetBytes(edges[random.Next(edges.Length)].ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }
}
