using System.Runtime.CompilerServices;

namespace RemoteExec.Protocol.Wire;

/// <summary>The encoding of <c>Digest</c> messages, read and written without objects: requests and responses may have thousands.</summary>
public static class DigestMessage
{
    /// <summary>The longest encoding in bytes.</summary>
    public const int MaxLength = 1 + 2 + (2 * Digest.MaxHashLength) + 1 + MaxVarintBytes;

    private const int MaxVarintBytes = 10;
    private const byte HashTag = (1 << 3) | 2;
    private const byte SizeTag = (2 << 3) | 0;

    /// <summary>Reads a message of nothing but a good digest; false for anything else, be it wrong or merely unusual.</summary>
    /// <param name="message">The message, without its tag and length.</param>
    /// <param name="instance">The instance of the request.</param>
    /// <param name="function">The function of the request; unknown to infer it from the length of the hash (DIG-08).</param>
    /// <param name="digest">The digest.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, InstanceName instance, DigestFunction function, out Digest digest)
    {
        digest = default;
        ReadOnlySpan<byte> hash = default;
        ulong size = 0;
        var reader = new FieldReader(message);
        while (!reader.AtEnd)
        {
            if (!reader.TryReadVarint(out ulong tag) || !(tag switch
            {
                HashTag => reader.TryReadBytes(out hash),
                SizeTag => reader.TryReadVarint(out size),
                _ => false,
            }))
                return false;
        }

        return Digest.TryParse(instance, function, hash, (long)size, out digest);
    }

    /// <summary>The length of a digest's message.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    public static int LengthOf(in Digest digest)
    {
        int hash = 2 * digest.Function.HashLength();
        return 1 + Varint.LengthOf((ulong)hash) + hash + (digest.SizeBytes == 0 ? 0 : 1 + Varint.LengthOf((ulong)digest.SizeBytes));
    }

    /// <summary>Writes a digest's message and returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Write(Span<byte> destination, in Digest digest)
    {
        int hash = 2 * digest.Function.HashLength();
        destination[0] = HashTag;
        int length = 1 + Varint.Write(destination[1..], (ulong)hash);
        Convert.TryToHexStringLower(digest.HashSpan, destination[length..], out _);
        length += hash;
        if (digest.SizeBytes == 0)
            return length;
        destination[length++] = SizeTag;
        return length + Varint.Write(destination[length..], (ulong)digest.SizeBytes);
    }
}
