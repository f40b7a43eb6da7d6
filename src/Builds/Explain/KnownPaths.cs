using System.Text.RegularExpressions;

namespace RemoteExec.Builds.Explain;

/// <summary>Paths in which two actions differ anyway, so that an argument which names one of them is no cause of its own.</summary>
internal sealed partial class KnownPaths
{
    private const int MostPaths = 200;
    private readonly string[] gone;
    private readonly string[] added;
    private readonly ActionComparison difference;

    /// <summary>Takes them from a difference.</summary>
    public KnownPaths(ActionComparison difference)
    {
        this.difference = difference;
        gone = Longest(difference.OutputsRemoved.Concat(difference.Inputs.Where(change => change.Kind is InputChangeKind.Removed or InputChangeKind.Renamed).Select(change => change.PathBefore ?? change.Path)));
        added = Longest(difference.OutputsAdded.Concat(difference.Inputs.Where(change => change.Kind is InputChangeKind.Added or InputChangeKind.Renamed).Select(change => change.Path)));
    }

    /// <summary>True for what a build tool makes: it lies in its output directory.</summary>
    public static bool IsGenerated(string path) => path.StartsWith("bazel-out/", StringComparison.Ordinal) || path.StartsWith("buck-out/", StringComparison.Ordinal);

    /// <summary>A text in which the directories of Bazel's configurations have one name.</summary>
    public static string WithoutConfiguration(string text) => ConfigurationDirectory().Replace(text, "bazel-out/*");

    /// <summary>True if an argument differs in nothing but paths that differ themselves.</summary>
    public bool Explain(ArgumentChange change)
    {
        if (WithoutConfiguration(change.Before ?? "") == WithoutConfiguration(change.After ?? ""))
            return true;
        string before = Strip(change.Before, gone), after = Strip(change.After, added);
        return before == after && (before.Length < (change.Before?.Length ?? 0) || after.Length < (change.After?.Length ?? 0));
    }

    /// <summary>The directories of two configurations, if they are what the outputs differ in.</summary>
    public (string Before, string After)? Configurations()
    {
        if (difference.OutputsRemoved is not [var old, ..] || difference.OutputsAdded is not [var current, ..]
            || !difference.OutputsRemoved.Select(WithoutConfiguration).ToHashSet(StringComparer.Ordinal).SetEquals(difference.OutputsAdded.Select(WithoutConfiguration)))
            return null;
        return (ConfigurationDirectory().Match(old).Value, ConfigurationDirectory().Match(current).Value);
    }

    // Longer paths first: one may be the beginning of another.
    private static string[] Longest(IEnumerable<string> paths) => [.. paths.Where(path => path.Length > 0).Take(MostPaths).OrderByDescending(path => path.Length)];

    private static string Strip(string? text, IEnumerable<string> paths) => paths.Aggregate(text ?? "", (rest, path) => rest.Replace(path, "", StringComparison.Ordinal));

    [GeneratedRegex("bazel-out/[^/\\s]+")]
    private static partial Regex ConfigurationDirectory();
}
