using System.Collections;

namespace RemoteExec.Rpc;

/// <summary>
/// Headers or trailers of a call: an ordered list of lower-case keys and values. Keys ending in <c>-bin</c> hold bytes, which travel as
/// base64, padded or not (RMD-01). Not thread-safe.
/// </summary>
public sealed class RpcMetadata : IEnumerable<KeyValuePair<string, string>>
{
    private const int LongestOnStack = 1024; // characters of base64
    private readonly List<KeyValuePair<string, string>> entries = [];

    /// <summary>The number of entries.</summary>
    public int Count => entries.Count;

    /// <summary>Adds a text entry as it stands on the wire.</summary>
    public void Add(string key, string value) => entries.Add(new(key.ToLowerInvariant(), value));

    /// <summary>Adds a binary entry; the key must end in <c>-bin</c>.</summary>
    public void AddBinary(string key, ReadOnlySpan<byte> value)
    {
        if (!key.EndsWith("-bin", StringComparison.Ordinal))
            throw new ArgumentException($"a binary key ends in -bin: '{key}'", nameof(key));
        Add(key, Convert.ToBase64String(value).TrimEnd('='));
    }

    /// <summary>The first value under a key, or null.</summary>
    public string? Get(string key)
    {
        foreach ((string name, string value) in entries)
        {
            if (string.Equals(name, key, StringComparison.OrdinalIgnoreCase))
                return value;
        }

        return null;
    }

    /// <summary>The first binary value under a key; null if there is none or it is no base64.</summary>
    public byte[]? GetBinary(string key) => Get(key) is { } text ? DecodeBase64(text) : null;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Decodes base64 with or without padding; null if it is none.</summary>
    internal static byte[]? DecodeBase64(string text)
    {
        // Several values of one -bin key may be joined with commas; the first one counts.
        int comma = text.IndexOf(',');
        ReadOnlySpan<char> value = (comma < 0 ? text : text.AsSpan(0, comma)).Trim().TrimEnd('=');
        int paddedLength = (value.Length + 3) / 4 * 4;
        Span<char> padded = paddedLength <= LongestOnStack ? stackalloc char[paddedLength] : new char[paddedLength];
        value.CopyTo(padded);
        padded[value.Length..].Fill('=');

        // Bazel and others send such a header with every call: nothing but the value itself is allocated.
        var bytes = new byte[value.Length * 3 / 4];
        if (!Convert.TryFromBase64Chars(padded, bytes, out int length))
            return null;
        return length == bytes.Length ? bytes : bytes[..length];
    }
}
