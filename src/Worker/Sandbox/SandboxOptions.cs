using RemoteExec.Worker.Audit;
using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Persistent;

namespace RemoteExec.Worker.Sandbox;

/// <summary>How actions are kept apart from the machine and from each other.</summary>
public sealed record SandboxOptions
{
    /// <summary>The tier to use, by its name; null for the highest that works here.</summary>
    public string? Tier { get; init; }

    /// <summary>
    /// What actions see of the host's file system, read-only, in tiers with namespaces: absolute paths, the last segment of which may end in <c>*</c>. What does not
    /// exist is left out.
    /// </summary>
    public IReadOnlyList<string> HostPaths { get; init; } = HostMounts.Default;

    /// <summary>True if actions that ask for it by their platform may reach the machine's network.</summary>
    public bool Network { get; init; }

    /// <summary>Directories that every action has and that are kept for later ones, as those that actions ask for by their platform: absolute paths. Not in the tier without namespaces.</summary>
    public IReadOnlyList<string> CachePaths { get; init; } = [];

    /// <summary>How much of the disk the directories may take that are kept for later actions, in bytes.</summary>
    public long CacheBytes { get; init; } = 20L * 1024 * 1024 * 1024;

    /// <summary>How it is checked whether actions are what they say.</summary>
    public AuditOptions Audit { get; init; } = new();

    /// <summary>How many processes run on for further actions.</summary>
    public PersistentOptions Persistent { get; init; } = new();

    /// <summary>True to do without the rights of root where a user namespace does: as it is for other users, for tests.</summary>
    internal bool PrefersUserNamespaces { get; init; }

    /// <summary>True to have bwrap make the sandboxes even where our own launcher can: for tests.</summary>
    internal bool PrefersBubblewrap { get; init; }

    /// <summary>The names of the tiers, the lowest first.</summary>
    public static IReadOnlyList<string> Tiers { get; } = [SandboxTiers.Directory, SandboxTiers.Namespaces, SandboxTiers.CachedTrees];

    /// <summary>True if something can stand in <see cref="HostPaths"/>.</summary>
    public static bool IsHostPath(string path) =>
        path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal) && path.IndexOf('*', StringComparison.Ordinal) is var star && (star < 0 || star == path.Length - 1);

    /// <summary>What is wrong with <see cref="CachePaths"/>; null if nothing is.</summary>
    public static string? FindProblem(IReadOnlyList<string> cachePaths)
    {
        foreach (string path in cachePaths)
        {
            if (!path.StartsWith('/'))
                return $"'{path}' must be an absolute path";
            if (CachePlace.FindProblem(path) is { } problem)
                return $"'{path}': {problem}";
            if (cachePaths.Count(other => CachePlace.Overlap(other, path)) > 1)
                return $"'{path}' overlaps with another one";
        }

        return null;
    }

    internal IEnumerable<string> Validate()
    {
        if (FindProblem(CachePaths) is { } wrong)
            yield return $"sandbox.cachePaths: {wrong}";
        if (CacheBytes < 0)
            yield return $"sandbox.cacheBytes must not be negative: {CacheBytes}";
        if (Tier is not null && !Tiers.Contains(Tier))
            yield return $"sandbox.tier must be one of {string.Join(", ", Tiers)}, not '{Tier}'";
        foreach (string problem in Audit.Validate())
            yield return problem;
        foreach (string path in HostPaths.Where(path => !IsHostPath(path)))
            yield return $"sandbox.hostPaths: '{path}' must be an absolute path, in which '*' may only be the last character";
        foreach (string problem in Persistent.Validate())
            yield return problem;
    }
}
