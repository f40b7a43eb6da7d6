namespace RemoteExec.Builds.Explain;

/// <summary>Files that moved: gone from one path, and new at another one with the same content.</summary>
internal static class InputRenames
{
    /// <summary>The same changes, with each file that moved as one change instead of two. Content that occurs more than once among them tells nothing.</summary>
    public static IReadOnlyList<InputChange> Find(IReadOnlyList<InputChange> changes)
    {
        Dictionary<string, InputChange> gone = Unique(changes, InputChangeKind.Removed, change => change.Before);
        Dictionary<string, InputChange> added = Unique(changes, InputChangeKind.Added, change => change.After);
        Dictionary<InputChange, InputChange> moved = gone.Where(pair => added.ContainsKey(pair.Key))
            .ToDictionary(pair => added[pair.Key], pair => pair.Value, (IEqualityComparer<InputChange>)ReferenceEqualityComparer.Instance);
        if (moved.Count == 0)
            return changes;
        HashSet<InputChange> sources = new(moved.Values, (IEqualityComparer<InputChange>)ReferenceEqualityComparer.Instance);
        return
        [
            .. changes.Where(change => !sources.Contains(change)).Select(change =>
                moved.TryGetValue(change, out InputChange? from) ? change with { Kind = InputChangeKind.Renamed, Before = from.Before, PathBefore = from.Path } : change),
        ];
    }

    private static Dictionary<string, InputChange> Unique(IEnumerable<InputChange> changes, InputChangeKind kind, Func<InputChange, string?> content) =>
        changes.Where(change => change.Kind == kind && content(change) is { } digest && !change.Path.EndsWith('/') && !digest.Contains("/0", StringComparison.Ordinal))
            .GroupBy(change => content(change)!, StringComparer.Ordinal).Where(group => group.Count() == 1)
            .ToDictionary(group => group.Key, group => group.Single(), StringComparer.Ordinal);
}
