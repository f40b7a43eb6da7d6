namespace RemoteExec.Server.Configuration;

/// <summary>Checks that every store that is referred to by name exists, that none is made of itself, and that CAS and action cache have each their own.</summary>
internal static class StoreReferences
{
    /// <summary>Yields each reference that leads nowhere, in a circle, or to the wrong store.</summary>
    public static IEnumerable<ConfigProblem> Check(ServerOptions options)
    {
        (string Path, StoreReference? Reference)[] roots =
        [
            .. options.Stores.Select(store => ($"stores.{store.Key}", (StoreReference?)store.Value)),
            ("cas.store", options.Cas.Store),
            ("actionCache.store", options.ActionCache.Store),
        ];
        List<ConfigProblem> problems = [.. roots.Where(root => root.Reference is not null).SelectMany(root => Follow(options, root.Path, root.Reference!, []))];
        if (problems.Count == 0)
            problems.AddRange(CheckUses(options, new StoreGraph(options.Stores)));
        return problems;
    }

    private static IEnumerable<ConfigProblem> CheckUses(ServerOptions options, StoreGraph graph)
    {
        if (options.ActionCache.Store is { } results)
        {
            // Blobs and results are kept under the same kind of key, an action's digest among them.
            if (options.Cas.Store is { } blobs && graph.Share(blobs, results))
                yield return new ConfigProblem(results.Origin, "actionCache.store", "is the store of the CAS, or shares one with it: results need one of their own");
            if (!graph.CanKeepResults(results))
                yield return new ConfigProblem(results.Origin, "actionCache.store", "is a store, or made of one, that keeps blobs only: results need another kind");
        }

        if (options.Cas is { Chunking: ChunkingMode.Always, Store: { } cas } && !graph.KeepsAnyValue(cas))
            yield return new ConfigProblem(cas.Origin, "cas.chunking", "is always, but the store keeps blobs only, and not of which chunks they are made");
    }

    private static IEnumerable<ConfigProblem> Follow(ServerOptions options, string path, StoreReference reference, IReadOnlyList<string> seen)
    {
        if (reference.Options is { } inline)
            return inline.Children.SelectMany(child => Follow(options, path, child, seen));
        string name = reference.Name!;
        if (!options.Stores.TryGetValue(name, out StoreReference? target))
        {
            if (seen.Count > 0)
                return []; // the named store itself tells
            string known = options.Stores.Count == 0 ? "none is defined under stores" : $"stores: {string.Join(", ", options.Stores.Keys)}";
            return [new ConfigProblem(reference.Origin, path, $"there is no store '{name}'; {known}")];
        }

        if (seen.Contains(name))
        {
            // Only what lies on the circle tells of it, and only once for each of its stores.
            return seen[0] == name && path == $"stores.{seen[^1]}"
                ? [new ConfigProblem(reference.Origin, path, $"is made of itself: {string.Join(" → ", seen)} → {name}")]
                : [];
        }

        return Follow(options, path, target, [.. seen, name]);
    }
}
