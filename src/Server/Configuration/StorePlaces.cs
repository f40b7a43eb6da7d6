namespace RemoteExec.Server.Configuration;

/// <summary>Checks that each store that is used keeps what it has in a place of its own, and that none is made of another one twice. For configurations without circles.</summary>
/// <param name="options">The configuration.</param>
/// <param name="graph">Its stores.</param>
internal sealed class StorePlaces(ServerOptions options, StoreGraph graph)
{
    private readonly HashSet<StoreOptions> seen = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, string> owners = new(StringComparer.Ordinal);

    /// <summary>Yields each store that has the place of another, or a part twice.</summary>
    /// <param name="roots">The stores that are used, by the settings that name them.</param>
    public IEnumerable<ConfigProblem> Check(IEnumerable<(string Path, StoreReference Reference)> roots) =>
        roots.SelectMany(root => graph.AllOf(root.Reference).Where(seen.Add).SelectMany(store => CheckOne(root, store)));

    private IEnumerable<ConfigProblem> CheckOne((string Path, StoreReference Reference) root, StoreOptions store)
    {
        (string path, ConfigOrigin? origin) = Find(root, store);
        foreach ((string place, string advice) in PlacesOf(store))
        {
            if (!owners.TryAdd(place, path))
                yield return new ConfigProblem(origin, path, $"has the same {place} as another store, {owners[place]}: {advice}");
        }

        if (store.Children.Select(graph.OptionsOf).Distinct(ReferenceEqualityComparer.Instance).Count() < store.Children.Count())
            yield return new ConfigProblem(origin, path, "is made of the same store twice: each of its parts must be another one");
    }

    private static IEnumerable<(string Place, string Advice)> PlacesOf(StoreOptions store)
    {
        string? directory = store switch
        {
            SegmentsOptions segments => segments.Path,
            S3Options bucket => bucket.Path,
            _ => null,
        };
        if (directory is not null)
            yield return ($"path {Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory))}", "give each a directory of its own");
        if (store is S3Options { Shared: null } s3)
            yield return ($"prefix '{s3.Prefix}' in the bucket '{s3.Bucket}'{(s3.Endpoint is { } endpoint ? $" of {endpoint.TrimEnd('/')}" : "")}", "give each a prefix of its own");
    }

    /// <summary>Where a store stands in the configuration.</summary>
    private (string Path, ConfigOrigin? Origin) Find((string Path, StoreReference Reference) root, StoreOptions store)
    {
        foreach ((string name, StoreReference named) in options.Stores)
        {
            if (Contains(named, store))
                return ($"stores.{name}", named.Origin);
        }

        return (root.Path, root.Reference.Origin);
    }

    /// <summary>True if the reference describes the store, or one around it, in its own place.</summary>
    private static bool Contains(StoreReference reference, StoreOptions store) =>
        reference.Options is { } described && (ReferenceEquals(described, store) || described.Children.Any(child => Contains(child, store)));
}
