using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RemoteExec.Cas.Chunking;

/// <summary>
/// The Gear hash that the chunking functions roll over content: shifted by a bit for each byte, to which the byte's number from a table is added, so that
/// the last <see cref="WindowBytes"/> bytes make it.
/// </summary>
internal static class Gear
{
    /// <summary>How many bytes back the hash depends on.</summary>
    public const int WindowBytes = 64;

    /// <summary>The number for each byte (CAS-38). The published vectors hold for the MD5 of the byte repeated 64 times.</summary>
    public static ulong[] TableOf(uint seed)
    {
        var table = new ulong[256];
        Span<byte> same = stackalloc byte[64];
        Span<byte> hash = stackalloc byte[MD5.HashSizeInBytes];
        for (int value = 0; value < table.Length; value++)
        {
            same.Fill((byte)value);
            MD5.HashData(same, hash); // no security is meant: it is how the table is defined
            table[value] = BinaryPrimitives.ReadUInt64BigEndian(hash) ^ seed;
        }

        return table;
    }
}
