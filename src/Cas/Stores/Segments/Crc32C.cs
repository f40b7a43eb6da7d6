using System.Buffers.Binary;
using System.Numerics;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>CRC-32C (Castagnoli) over content that arrives in pieces: the one checksum of this store. A mutable struct.</summary>
public struct Crc32C()
{
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
        if (content.Length >= CrcFolding.MinBytes && CrcFolding.IsSupported)
            content = content[^CrcFolding.Append(ref crc, content)..];
        for (; content.Length >= 8; content = content[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(content));
        foreach (byte value in content)
            crc = BitOperations.Crc32C(crc, value);
        register = crc;
    }
}
