using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RemoteExec.Protocol;

/// <summary>
/// The key of everything that is stored: instance, digest function, hash and size (DIG-15). In the CAS it names the blob with that
/// content; in the action cache it names the result of the action with that digest (AC-10). A digest that was parsed is always valid;
/// digests found inside a message are read with <see cref="TryParseSibling"/>, so that they share the instance and the function of
/// the digest that led there (DIG-10).
/// </summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct Digest : IEquatable<Digest>
{
    /// <summary>The length in bytes of the longest hash.</summary>
    public const int MaxHashLength = 64;

    /// <summary>The size of a digest whose size is not known: HTTP caches are asked for a hash alone.</summary>
    public const long UnknownSize = -1;

    private readonly HashBytes hash;

    private Digest(InstanceName instance, DigestFunction function, in HashBytes hash, long sizeBytes)
    {
        Instance = instance;
        Function = function;
        this.hash = hash;
        SizeBytes = sizeBytes;
    }

    /// <summary>The instance it belongs to.</summary>
    public InstanceName Instance { get; }

    /// <summary>How the hash was computed; never <see cref="DigestFunction.Unknown"/>.</summary>
    public DigestFunction Function { get; }

    /// <summary>The (uncompressed) size of the blob in bytes, ≥ 0; <see cref="UnknownSize"/> only in digests made by <see cref="WithoutSize"/>.</summary>
    public long SizeBytes { get; }

    /// <summary>False if only the hash is known.</summary>
    public bool HasSize => SizeBytes != UnknownSize;

    /// <summary>True for the digest of the empty blob, which is always present (DIG-03). Size 0 under another hash is not it (DIG-02).</summary>
    public bool IsEmptyBlob => SizeBytes <= 0 && HashSpan.SequenceEqual(EmptyBlob.HashOf(Function));

    /// <summary>The hash in lower-case hexadecimal.</summary>
    public string Hash => Convert.ToHexStringLower(HashSpan);

    /// <summary>The raw hash. Valid as long as the struct it was taken from.</summary>
    [UnscopedRef]
    public ReadOnlySpan<byte> HashSpan => ((ReadOnlySpan<byte>)hash)[..Function.HashLength()];

    /// <summary>Makes a digest from a raw hash, of exactly the function's length.</summary>
    /// <exception cref="ArgumentException">The hash has another length, or the size is negative.</exception>
    public static Digest Create(InstanceName instance, DigestFunction function, ReadOnlySpan<byte> hash, long sizeBytes)
    {
        if (hash.IsEmpty || hash.Length != function.HashLength())
            throw new ArgumentException($"a hash of {hash.Length} bytes does not belong to {function}", nameof(hash));
        ArgumentOutOfRangeException.ThrowIfNegative(sizeBytes);
        HashBytes bytes = default;
        hash.CopyTo(bytes);
        return new Digest(instance, function, bytes, sizeBytes);
    }

    /// <summary>This digest without its size: the key under which a store keeps one value for each instance, function and hash.</summary>
    public Digest WithoutSize() => new(Instance, Function, hash, UnknownSize);

    /// <summary>
    /// The key under which a store keeps of which chunks this blob is made. It names no blob: its function is none of the API's, so no request can name it.
    /// </summary>
    public Digest RecipeKey() => new(Instance, Function.Recipe(), hash, SizeBytes);

    /// <summary>True if a value stored under <paramref name="stored"/> answers for this digest: equal, but for a size that one of the two does not know (DIG-02).</summary>
    public bool Matches(in Digest stored) =>
        (SizeBytes == stored.SizeBytes || !HasSize || !stored.HasSize)
        && Function == stored.Function && HashSpan.SequenceEqual(stored.HashSpan) && Instance == stored.Instance;

    /// <summary>
    /// Parses the digest of a request. If <paramref name="function"/> is <see cref="DigestFunction.Unknown"/> it is inferred from the
    /// length of the hash (DIG-08). On failure <paramref name="error"/> says in a sentence which value is wrong and why (DIG-01, DIG-09, GEN-06).
    /// </summary>
    public static bool TryParse(
        InstanceName instance, DigestFunction function, Reapi.Digest? digest, out Digest result, [NotNullWhen(false)] out string? error)
    {
        if (digest is not null)
            return TryParse(instance, function, digest.Hash, digest.SizeBytes, out result, out error);
        result = default;
        error = "a digest is missing";
        return false;
    }

    /// <inheritdoc cref="TryParse(InstanceName, DigestFunction, Reapi.Digest?, out Digest, out string?)"/>
    public static bool TryParse(
        InstanceName instance, DigestFunction function, ReadOnlySpan<char> hash, long sizeBytes, out Digest result, [NotNullWhen(false)] out string? error)
    {
        result = default;
        if (function == DigestFunction.Unknown)
        {
            function = DigestFunctions.Infer(hash.Length);
            if (function == DigestFunction.Unknown)
            {
                error = $"no supported digest function has a hash of {hash.Length} characters: '{Clip(hash)}'";
                return false;
            }
        }
        else if (!function.IsSupported())
        {
            error = $"digest function {(int)function} is not supported; supported: {string.Join(", ", DigestFunctions.Supported.Select(f => f.Name()))}";
            return false;
        }

        if (hash.Length != function.HashLength() * 2)
        {
            error = $"a {function.Name()} hash has {function.HashLength() * 2} characters, not {hash.Length}: '{Clip(hash)}'";
            return false;
        }

        HashBytes bytes = default;
        if (hash.ContainsAnyInRange('A', 'F')
            || Convert.FromHexString(hash, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            error = $"a hash is lower-case hexadecimal: '{Clip(hash)}'";
            return false;
        }

        if (sizeBytes < 0)
        {
            error = $"size_bytes is negative: {sizeBytes}";
            return false;
        }

        result = new Digest(instance, function, bytes, sizeBytes);
        error = null;
        return true;
    }

    /// <summary>Parses a digest whose hash is at hand in UTF-8; what is wrong with it, if it is not good, the other overloads tell.</summary>
    public static bool TryParse(InstanceName instance, DigestFunction function, ReadOnlySpan<byte> utf8Hash, long sizeBytes, out Digest result)
    {
        result = default;
        if (function == DigestFunction.Unknown)
            function = DigestFunctions.Infer(utf8Hash.Length);
        HashBytes bytes = default;
        if (!function.IsSupported() || utf8Hash.Length != function.HashLength() * 2 || sizeBytes < 0
            || utf8Hash.ContainsAnyInRange((byte)'A', (byte)'F')
            || Convert.FromHexString(utf8Hash, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
            return false;
        result = new Digest(instance, function, bytes, sizeBytes);
        return true;
    }

    /// <summary>Parses a digest found inside the blob that this one names: same instance, same function (DIG-10).</summary>
    public bool TryParseSibling(Reapi.Digest? digest, out Digest result, [NotNullWhen(false)] out string? error) =>
        TryParse(Instance, Function, digest, out result, out error);

    /// <summary>The digest of these bytes, with the instance and the function of this one.</summary>
    public Digest SiblingOf(ReadOnlySpan<byte> content) => IncrementalHasher.Compute(Instance, Function, content);

    /// <summary>The digest as a protobuf message.</summary>
    public Reapi.Digest ToProto() => new() { Hash = Hash, SizeBytes = SizeBytes };

    /// <inheritdoc/>
    public bool Equals(Digest other) =>
        SizeBytes == other.SizeBytes && Function == other.Function && HashSpan.SequenceEqual(other.HashSpan) && Instance == other.Instance;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Digest other && Equals(other);

    /// <summary>The first bytes of the hash: uniform for anything a hash function made.</summary>
    public override int GetHashCode() => MemoryMarshal.Read<int>(hash) ^ Instance.GetHashCode();

    /// <summary><c>function:hash/size</c>, as command lines take it; without the instance.</summary>
    public string ToArgument() => $"{Function.Name()}:{Hash}/{SizeBytes}";

    /// <summary><c>[instance/]function:hash/size</c>, for messages to people.</summary>
    public override string ToString() => Function == DigestFunction.Unknown ? "(no digest)" : $"{(Instance.IsEmpty ? "" : Instance + "/")}{ToArgument()}";

    /// <summary>Equality of all four parts.</summary>
    public static bool operator ==(Digest left, Digest right) => left.Equals(right);

    /// <summary>Inequality of any part.</summary>
    public static bool operator !=(Digest left, Digest right) => !left.Equals(right);

    private static string Clip(ReadOnlySpan<char> hash) => hash.Length <= 140 ? hash.ToString() : $"{hash[..140]}…";

    [InlineArray(MaxHashLength)]
    private struct HashBytes
    {
        private byte first;
    }
}
