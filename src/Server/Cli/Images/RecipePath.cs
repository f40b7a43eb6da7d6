using RemoteExec.Images;

namespace RemoteExec.Server.Cli.Images;

/// <summary>Paths in an image, as recipes write them: each in the one way.</summary>
internal static class RecipePath
{
    /// <summary>What is wrong with a path; null if nothing is.</summary>
    public static string? ProblemWith(string path) =>
        !ImagePath.TrySplit(path, out string[] segments, out string? error) ? $"'{path}' {error}"
        : segments.Length == 0 || string.Join('/', segments) != path ? $"'{path}' is no path in an image: write it like usr/bin/env"
        : null;
}
