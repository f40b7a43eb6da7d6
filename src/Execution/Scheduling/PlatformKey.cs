using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// What an action asks of its worker: a set of property values, whatever their order in the message (PLT-02). Case-sensitive (PLT-03).
/// </summary>
internal sealed class PlatformKey : IEquatable<PlatformKey>
{
    private readonly string text;

    private PlatformKey((string Name, string Value)[] properties)
    {
        Properties = properties;
        text = string.Join('\0', properties.Select(property => $"{property.Name}\0{property.Value}"));
    }

    /// <summary>Asks for nothing: every worker will do.</summary>
    public static PlatformKey Any { get; } = new([]);

    /// <summary>The properties, sorted, without duplicates. Of a name with several values the worker must offer all.</summary>
    public IReadOnlyList<(string Name, string Value)> Properties { get; }

    /// <summary>The key of a platform message; null asks for nothing.</summary>
    public static PlatformKey Of(Reapi.Platform? platform) =>
        platform is null or { Properties.Count: 0 } ? Any : Of(platform.Properties.Select(property => (property.Name, property.Value)));

    /// <summary>The key of some properties.</summary>
    public static PlatformKey Of(IEnumerable<(string Name, string Value)> properties)
    {
        (string, string)[] sorted = [.. properties.Distinct()
            .OrderBy(property => property.Name, StringComparer.Ordinal).ThenBy(property => property.Value, StringComparer.Ordinal)];
        return sorted.Length == 0 ? Any : new PlatformKey(sorted);
    }

    /// <inheritdoc/>
    public bool Equals(PlatformKey? other) => other is not null && text == other.text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as PlatformKey);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(text, StringComparison.Ordinal);

    /// <summary>For messages to people.</summary>
    public override string ToString() =>
        Properties.Count == 0 ? "(any platform)" : string.Join(", ", Properties.Select(property => $"{property.Name}={property.Value}"));
}
