using RemoteExec.Protocol;
using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Caches;

/// <summary>A directory that is kept from action to action, and where an action wants it.</summary>
/// <param name="Name">Its name. Those that actions choose have no slash; a directory that all actions have is called by its path.</param>
/// <param name="Path">Where: relative to the input root, or absolute. No empty segments, no <c>.</c> or <c>..</c>.</param>
internal sealed record CachePlace(string Name, string Path)
{
    private const int MostPlaces = 64, LongestName = 64, LongestPath = 1000;

    // What the sandbox has there is its own.
    private static readonly string[] reserved = ["/proc", "/dev", "/sys", "/etc", NamespaceSandbox.Root];

    /// <summary>True if the path begins at the root of the file system, not at the input root.</summary>
    public bool IsAbsolute => Path.StartsWith('/');

    /// <summary>What a platform asks for, and what all actions have.</summary>
    /// <param name="platform">The platform; null for none.</param>
    /// <param name="common">The paths of what all actions have.</param>
    /// <exception cref="InvalidActionException">A name or a path breaks a rule.</exception>
    public static IReadOnlyList<CachePlace> Parse(Reapi.Platform? platform, IReadOnlyList<string> common)
    {
        List<CachePlace> places = [.. common.Select(path => new CachePlace(path, path))];
        foreach (Reapi.Platform.Types.Property property in platform?.Properties ?? [])
        {
            if (!property.Name.StartsWith(SandboxProperties.CachePrefix, StringComparison.Ordinal))
                continue;
            var place = new CachePlace(property.Name[SandboxProperties.CachePrefix.Length..], property.Value);
            if (place.FindProblem(places) is { } problem)
                throw new InvalidActionException($"the platform property {property.Name}={property.Value}: {problem}");
            places.Add(place);
        }

        return places;
    }

    /// <summary>Why no cache can be at an absolute path; null if one can.</summary>
    public static string? FindProblem(string path)
    {
        if (path.Length is 0 or > LongestPath || path.Contains('\0', StringComparison.Ordinal) || path.TrimStart('/').Split('/').Any(segment => segment is "" or "." or ".."))
            return "it is no path of at most 1000 characters without empty segments, '.' and '..'";
        if (!path.StartsWith('/'))
            return null;
        if (path.StartsWith("/.", StringComparison.Ordinal) || path == "/tmp" || reserved.Any(place => PathInRoot.IsInside(place, path)))
            return $"an absolute path can't be /tmp itself, nor be in {string.Join(", ", reserved)} or a hidden directory of the root";
        return null;
    }

    /// <summary>True if one of two paths is the other, or begins below it.</summary>
    public static bool Overlap(string left, string right) => PathInRoot.IsInside(left, right) || PathInRoot.IsInside(right, left);

    private string? FindProblem(List<CachePlace> others)
    {
        if (Name.Length is 0 or > LongestName || !Name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.'))
            return $"the name of a cache has 1 to {LongestName} letters, digits, '-', '_' and '.'";
        if (FindProblem(Path) is { } problem)
            return problem;
        if (others.Count == MostPlaces)
            return $"an action can have {MostPlaces} caches";
        if (others.FirstOrDefault(other => other.Name == Name) is not null)
            return "a cache can be at one place only";
        return others.FirstOrDefault(other => Overlap(other.Path, Path)) is { } near ? $"it overlaps with that of the cache '{near.Name}'" : null;
    }
}
