using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The secret of one store, random and kept in its directory. It makes the tags of the index and the authenticity of record headers
/// independent of what clients choose.
/// </summary>
internal sealed class StoreKey
{
    /// <summary>The length of the secret in bytes.</summary>
    public const int Length = 32;

    private readonly byte[] secret;
    private readonly UInt128 tagKey;
    private readonly UInt128 headerKey;

    private StoreKey(byte[] secret)
    {
        this.secret = secret;
        tagKey = BinaryPrimitives.ReadUInt128LittleEndian(secret);
        headerKey = BinaryPrimitives.ReadUInt128LittleEndian(secret.AsSpan(16));
    }

    /// <summary>Makes a new random key.</summary>
    public static StoreKey Create() => new(RandomNumberGenerator.GetBytes(Length));

    /// <summary>Reads a key as written by <see cref="ToString"/>; null if it is no key, or a damaged one.</summary>
    public static StoreKey? Parse(ReadOnlySpan<char> text)
    {
        var secret = new byte[Length];
        if (text.Length < 2 * Length || Convert.FromHexString(text[..(2 * Length)], secret, out _, out _) != System.Buffers.OperationStatus.Done)
            return null;
        var key = new StoreKey(secret);
        return text.SequenceEqual(key.ToString()) ? key : null;
    }

    /// <summary>The key in hexadecimal, and its checksum: with a wrong key every record would look damaged.</summary>
    public override string ToString() => $"{Convert.ToHexStringLower(secret)} {Crc32C.Compute(secret):x8}";

    /// <summary>
    /// The tag under which the index knows a digest: a keyed hash of function, hash and instance; the size is not part of it. Two
    /// digests of 2³² share a tag with a probability of 2⁻⁶⁵, whatever clients do, since they do not know the key.
    /// </summary>
    public UInt128 TagOf(in Digest digest)
    {
        ReadOnlySpan<byte> hash = digest.HashSpan;
        ReadOnlySpan<byte> instance = MemoryMarshal.AsBytes(digest.Instance.Value.AsSpan());
        Span<byte> input = stackalloc byte[1 + hash.Length + instance.Length];
        input[0] = (byte)digest.Function; // says how long the hash is, so no two keys have one encoding
        hash.CopyTo(input[1..]);
        instance.CopyTo(input[(1 + hash.Length)..]);
        return SipHash.Compute(tagKey, input);
    }

    /// <summary>The authenticity code of a record header.</summary>
    public ulong Authenticate(ReadOnlySpan<byte> header) => (ulong)SipHash.Compute(headerKey, header);
}
