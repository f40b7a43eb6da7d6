namespace RemoteExec.Server.Configuration;

/// <summary>Checks that every store that is referred to by name exists, that none is made of itself, that CAS and action cache have each their own, and that no two stores have the same place.</summary>
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
            .. Blobs(options).Skip(1),
            .. Results(options).Skip(1),
        ];
        List<ConfigProblem> problems = [.. roots.Where(root => root.Reference is not null).SelectMany(root => Follow(options, root.Path, root.Reference!, []))];
        if (problems.Count == 0)
            problems.AddRange(CheckUses(options, new StoreGraph(options.Stores)));
        return problems;
    }

    private static IEnumerable<ConfigProblem> CheckUses(ServerOptions options, StoreGraph graph)
    {
        List<(string Path, StoreReference Reference)> blobs = [.. Given(Blobs(options))];
        foreach ((string path, StoreReference results) in Given(Results(options)))
        {
            // Blobs and results are kept under the same kind of key, an action's digest among them.
            if (blobs.Exists(one => graph.Share(one.Reference, results)))
                yield return new ConfigProblem(results.Origin, path, "is the store of the CAS, or shares one with it: results need one of their own");
            if (!graph.CanKeepResults(results))
                yield return new ConfigProblem(results.Origin, path, "is a store, or made of one, that keeps blobs only: results need another kind");
        }

        foreach (ConfigProblem problem in new StorePlaces(options, graph).Check(blobs.Concat(Given(Results(options)))))
            yield return problem;
        foreach ((string _, StoreReference cas) in blobs.Where(one => options.Cas.Chunking == ChunkingMode.Always && !graph.KeepsAnyValue(one.Reference)).Take(1))
            yield return new ConfigProblem(cas.Origin, "cas.chunking", "is always, but the store keeps blobs only, and not of which chunks they are made");
    }

    /// <summary>The CAS of all, and those of instances.</summary>
    private static IEnumerable<(string Path, StoreReference? Reference)> Blobs(ServerOptions options) =>
        options.Instances.Select(instance => ($"instances.{instance.Key}.cas", instance.Value.Cas)).Prepend(("cas.store", options.Cas.Store));

    private static IEnumerable<(string Path, StoreReference? Reference)> Results(ServerOptions options) =>
        options.Instances.Select(instance => ($"instances.{instance.Key}.actionCache", instance.Value.ActionCache)).Prepend(("actionCache.store", options.ActionCache.Store));

    private static IEnumerable<(string Path, StoreReference Reference)> Given(IEnumerable<(string Path, StoreReference? Reference)> references) =>
        references.Where(one => one.Reference is not null).Select(one => (one.Path, one.Reference!));

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
