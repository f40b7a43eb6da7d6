using System.Collections.Concurrent;
using RemoteExec.Python.Names;

namespace RemoteExec.Python.Serving;

/// <summary>Which files were used since somebody asked last. Thread-safe.</summary>
public sealed class FileUses
{
    private ConcurrentDictionary<string, byte> used = new(StringComparer.Ordinal);

    /// <summary>True if none was.</summary>
    public bool AreNone => used.IsEmpty;

    /// <summary>How a file is called here.</summary>
    public static string KeyOf(ProjectName project, string file) => $"{project}/{file}";

    /// <summary>A file is used.</summary>
    public void Add(ProjectName project, string file) => used.TryAdd(KeyOf(project, file), 0);

    /// <summary>Files that were used after all.</summary>
    public void Add(IEnumerable<string> keys)
    {
        foreach (string key in keys)
            used.TryAdd(key, 0);
    }

    /// <summary>All that were used, which begins anew with this.</summary>
    public IReadOnlyCollection<string> Take() => [.. Interlocked.Exchange(ref used, new ConcurrentDictionary<string, byte>(StringComparer.Ordinal)).Keys];
}
