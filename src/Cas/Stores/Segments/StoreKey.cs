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

    private const int LongestInLanes = 120; // bytes: any hash, and instance names as they are

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
        Span<byte> input = stackalloc byte[LengthOf(digest)];
        Encode(digest, input);
        return SipHash.Compute(tagKey, input);
    }

    /// <summary>The tags of several digests, faster than one by one if they are of one function and instance.</summary>
    public void TagsOf(ReadOnlySpan<Digest> digests, Span<UInt128> tags)
    {
        while (!digests.IsEmpty)
        {
            int count = 1;
            if (digests.Length < SipHashLanes.Count || !SipHashLanes.IsSupported || !TryTagLanes(digests[..SipHashLanes.Count], tags))
                tags[0] = TagOf(digests[0]);
            else
                count = SipHashLanes.Count;
            digests = digests[count..];
            tags = tags[count..];
        }
    }

    private bool TryTagLanes(ReadOnlySpan<Digest> digests, Span<UInt128> tags)
    {
        int length = LengthOf(digests[0]);
        if (length > LongestInLanes)
            return false;
        Span<byte> input = stackalloc byte[LongestInLanes + 8];
        input.Clear();
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(input[..(8 * ((length / 8) + 1))]);
        Span<ulong> lanes = stackalloc ulong[SipHashLanes.Count * ((LongestInLanes / 8) + 1)];
        for (int lane = 0; lane < digests.Length; lane++)
        {
            if (LengthOf(digests[lane]) != length)
                return false;
            Encode(digests[lane], input);
            for (int i = 0; i < words.Length; i++)
                lanes[(SipHashLanes.Count * i) + lane] = words[i];
        }

        SipHashLanes.Compute(tagKey, lanes[..(SipHashLanes.Count * words.Length)], length, tags);
        return true;
    }

    private static int LengthOf(in Digest digest) => 1 + digest.HashSpan.Length + (2 * digest.Instance.Value.Length);

    private static void Encode(in Digest digest, Span<byte> input)
    {
        ReadOnlySpan<byte> hash = digest.HashSpan;
        input[0] = (byte)digest.Function; // says how long the hash is, so no two keys have one encoding
        hash.CopyTo(input[1..]);
        MemoryMarshal.AsBytes(digest.Instance.Value.AsSpan()).CopyTo(input[(1 + hash.Length)..]);
    }

    /// <summary>The authenticity code of a record header.</summary>
    public ulong Authenticate(ReadOnlySpan<byte> header) => (ulong)SipHash.Compute(headerKey, header);
}
