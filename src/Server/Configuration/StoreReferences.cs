namespace RemoteExec.Server.Configuration;

/// <summary>Checks that every store that is referred to by name exists, and that no store is made of itself.</summary>
internal static class StoreReferences
{
    /// <summary>Yields each reference that leads nowhere or in a circle.</summary>
    public static IEnumerable<ConfigProblem> Check(ServerOptions options)
    {
        (string Path, StoreReference? Reference)[] roots =
        [
            .. options.Stores.Select(store => ($"stores.{store.Key}", (StoreReference?)store.Value)),
            ("cas.store", options.Cas.Store),
            ("actionCache.store", options.ActionCache.Store),
        ];
        return roots.Where(root => root.Reference is not null).SelectMany(root => Follow(options, root.Path, root.Reference!, []));
    }

    private static IEnumerable<ConfigProblem> Follow(ServerOptions options, string path, StoreReference reference, IReadOnlyList<string> seen)
    {
        if (reference.Options is { } inline)
            return inline.Children.SelectMany(child => Follow(options, path, child, seen));
        string name = reference.Name!;
        if (!options.Stores.TryGetValue(name, out StoreReference? target))
        {
            string known = options.Stores.Count == 0 ? "none is defined under stores" : $"stores: {string.Join(", ", options.Stores.Keys)}";
            return [new ConfigProblem(reference.Origin, path, $"there is no store '{name}'; {known}")];
        }

        if (seen.Contains(name))
        {
            // Only what lies on the circle tells of it, and only once for each of its stores.
            return seen[0] == name && path == $"stores.{PreviousOf(seen)}"
                ? [new ConfigProblem(reference.Origin, path, $"is made of itself: {string.Join(" → ", seen)} → {name}")]
                : [];
        }

        return Follow(options, path, target, [.. seen, name]);
    }

    private static string PreviousOf(IReadOnlyList<string> seen) => seen[^1];
}
