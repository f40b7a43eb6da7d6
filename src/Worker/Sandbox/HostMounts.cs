using RemoteExec.Worker.Inputs;
using RemoteExec.Worker.Sandbox.Launcher;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What actions see of the host's file system, read-only: where its tools are. Nothing else of it is there for them.</summary>
internal sealed class HostMounts
{
    private readonly List<HostPlace> places = [];

    /// <summary>Looks at the host.</summary>
    /// <param name="patterns">
    /// Absolute paths. The last segment may end in <c>*</c>, for all that begins so. What does not exist is left out; a symlink stays one, and what it leads to
    /// has to be named as well.
    /// </param>
    public HostMounts(IEnumerable<string> patterns)
    {
        foreach (string path in patterns.SelectMany(Expand).Distinct(StringComparer.Ordinal))
        {
            if (new FileInfo(path).LinkTarget is { } target)
                places.Add(new HostPlace(path, target));
            else if (Path.Exists(path))
                places.Add(new HostPlace(path, null));
        }
    }

    /// <summary>What is taken when nothing is configured.</summary>
    public static IReadOnlyList<string> Default { get; } =
    [
        "/usr", "/bin", "/sbin", "/lib*", "/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/java-*", "/etc/ssl/certs",
    ];

    /// <summary>The paths that are there, each with where it leads if it is a symlink.</summary>
    public IReadOnlyList<HostPlace> Places => places;

    /// <summary>True if a path is one of them, lies in one, or has one in it.</summary>
    public bool Meets(string path) => places.Exists(place => PathInRoot.IsInside(place.Path, path) || PathInRoot.IsInside(path, place.Path));

    /// <summary>Adds them to the set-up of a launcher.</summary>
    public void AddTo(LauncherRequest setup)
    {
        foreach ((string path, string? target) in places)
        {
            if (target is null)
                setup.Add("mount", path, path);
            else
                setup.Add("link", target, path);
        }
    }

    private static IEnumerable<string> Expand(string pattern)
    {
        if (!pattern.EndsWith('*'))
            return [pattern.Length > 1 ? pattern.TrimEnd('/') : pattern];
        string parent = Path.GetDirectoryName(pattern)!;
        return Directory.Exists(parent)
            ? Directory.EnumerateFileSystemEntries(parent, Path.GetFileName(pattern)).Order(StringComparer.Ordinal)
            : [];
    }
}
