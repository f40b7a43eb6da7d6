namespace RemoteExec.Server.Configuration;

/// <summary>A configuration as it was read, before it means anything: scalars, lists and maps that remember their origin.</summary>
/// <param name="Origin">Where it was read.</param>
internal abstract record ConfigNode(ConfigOrigin Origin)
{
    /// <summary>Puts <paramref name="upper"/> over <paramref name="lower"/>: maps are merged key by key, anything else is replaced; nothing over something leaves it.</summary>
    public static ConfigNode? Merge(ConfigNode? lower, ConfigNode? upper)
    {
        if (lower is not Map lowerMap || upper is not Map upperMap)
            return upper ?? lower;
        var entries = new Dictionary<string, Entry>(lowerMap.Entries, StringComparer.OrdinalIgnoreCase);
        foreach ((string key, Entry entry) in upperMap.Entries)
        {
            // The key as the lower layer writes it stays: an environment variable can't tell the case.
            Entry? existing = entries.GetValueOrDefault(key);
            entries[key] = existing is null ? entry : existing with { Value = Merge(existing.Value, entry.Value) };
        }

        return new Map(entries, lowerMap.Origin);
    }

    /// <summary>A value.</summary>
    public sealed record Scalar(string Text, ConfigOrigin Origin) : ConfigNode(Origin);

    /// <summary>A sequence.</summary>
    public sealed record List(IReadOnlyList<ConfigNode> Items, ConfigOrigin Origin) : ConfigNode(Origin);

    /// <summary>Values by key; keys that differ only in case are the same key.</summary>
    public sealed record Map(IReadOnlyDictionary<string, Entry> Entries, ConfigOrigin Origin) : ConfigNode(Origin)
    {
        /// <summary>A map with one entry below each key of a path, and a value at its end.</summary>
        public static Map AtPath(ReadOnlySpan<string> path, ConfigNode value)
        {
            ConfigNode inner = path.Length == 1 ? value : AtPath(path[1..], value);
            return new Map(
                new Dictionary<string, Entry>(StringComparer.OrdinalIgnoreCase) { [path[0]] = new(path[0], value.Origin, inner) }, value.Origin);
        }
    }

    /// <summary>One entry of a map: the key as written, where it stands, and its value; null if nothing stands behind the key.</summary>
    public sealed record Entry(string Key, ConfigOrigin KeyOrigin, ConfigNode? Value);
}
