using System.Collections.Concurrent;
using System.Text;

namespace RemoteExec.Server.Telemetry;

/// <summary>
/// Names that clients make up, of which attributes of metrics must not have many: those that come first stay as they are for as long as the process lives, all others are one. Nothing is
/// allocated for a name that is known. May be used concurrently.
/// </summary>
/// <param name="most">How many stay as they are.</param>
internal sealed class BoundedNames(int most)
{
    /// <summary>What all others are called.</summary>
    public const string Other = "other";

    private const int Longest = 128; // bytes; nobody reads longer ones
    private readonly ConcurrentDictionary<string, string> known = new(Utf8Comparer.Instance);

    /// <summary>The name as an attribute has it, or <see cref="Other"/>. Equal names are the same object.</summary>
    /// <param name="name">The name, in UTF-8.</param>
    public string Of(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return "";
        if (known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out string? text))
            return text;
        return name.Length > Longest ? Other : Add(Encoding.UTF8.GetString(name));
    }

    /// <inheritdoc cref="Of(ReadOnlySpan{byte})"/>
    public string Of(string name)
    {
        if (name.Length == 0)
            return "";
        return known.TryGetValue(name, out string? text) ? text : name.Length > Longest ? Other : Add(name);
    }

    // Some more than the most may get in when several come at the same time.
    private string Add(string name) => known.Count >= most ? Other : known.GetOrAdd(name, name);

    /// <summary>Finds strings by their UTF-8.</summary>
    private sealed class Utf8Comparer : IEqualityComparer<string>, IAlternateEqualityComparer<ReadOnlySpan<byte>, string>
    {
        public static readonly Utf8Comparer Instance = new();

        public bool Equals(string? x, string? y) => string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string text)
        {
            Span<byte> encoded = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
            return GetHashCode(encoded[..Encoding.UTF8.GetBytes(text.Length <= Longest ? text : text.AsSpan(0, Longest), encoded)]);
        }

        public bool Equals(ReadOnlySpan<byte> name, string text)
        {
            Span<byte> encoded = stackalloc byte[Encoding.UTF8.GetMaxByteCount(Longest)];
            return text.Length <= name.Length && name.SequenceEqual(encoded[..Encoding.UTF8.GetBytes(text, encoded)]);
        }

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            var hash = default(HashCode);
            hash.AddBytes(name);
            return hash.ToHashCode();
        }

        public string Create(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
    }
}
