namespace RemoteExec.Python.Wheels;

/// <summary>The checksum of zip archives (the CRC of ISO 3309, with the polynomial 0xEDB88320 bit by bit from below).</summary>
internal struct Crc32
{
    private static readonly uint[] table = [.. Enumerable.Range(0, 256).Select(index => Enumerable.Range(0, 8).Aggregate((uint)index, (rest, _) => (rest & 1) == 0 ? rest >> 1 : (rest >> 1) ^ 0xEDB88320))];
    private uint inverted;

    /// <summary>The checksum of all that was appended.</summary>
    public readonly uint Value => inverted;

    /// <summary>The checksum of something that is at hand.</summary>
    public static uint Of(ReadOnlySpan<byte> content)
    {
        Crc32 sum = default;
        sum.Append(content);
        return sum.Value;
    }

    /// <summary>Goes on with more.</summary>
    public void Append(ReadOnlySpan<byte> content)
    {
        uint rest = ~inverted;
        foreach (byte next in content)
            rest = table[(byte)(rest ^ next)] ^ (rest >> 8);
        inverted = ~rest;
    }
}
