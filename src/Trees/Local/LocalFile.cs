using RemoteExec.Native;
using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>A file on this machine.</summary>
/// <param name="directory">Where it is.</param>
/// <param name="name">Its name.</param>
/// <param name="status">As it was when the directory was read.</param>
internal sealed class LocalFile(LocalDirectory directory, string name, FileStatus status)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>As it was when it was looked at last.</summary>
    public FileStatus Status { get; set; } = status;

    /// <summary>Its absolute path.</summary>
    public string FullPath => $"{directory.FullPath}/{Name}";

    /// <summary>Its path in the tree.</summary>
    public string Path => directory.PathOf(Name);

    /// <summary>Its content; null as long as nobody has hashed it.</summary>
    public Digest? Digest { get; set; }
}
