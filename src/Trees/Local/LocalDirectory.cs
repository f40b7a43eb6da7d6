using RemoteExec.Protocol;

namespace RemoteExec.Trees.Local;

/// <summary>A directory on this machine, as far as it is part of a tree. What it has is sorted as the API sorts it.</summary>
/// <param name="name">Its name; empty for the root.</param>
/// <param name="path">Its path in the tree; empty for the root.</param>
/// <param name="fullPath">Its absolute path.</param>
/// <param name="rules">What is left out of it, as the directories above say.</param>
internal sealed class LocalDirectory(string name, string path, string fullPath, IgnoreRules? rules)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Its path in the tree.</summary>
    public string Path { get; } = path;

    /// <summary>Its absolute path.</summary>
    public string FullPath { get; } = fullPath;

    /// <summary>What is left out of it.</summary>
    public IgnoreRules? Rules { get; set; } = rules;

    /// <summary>The directories in it.</summary>
    public List<LocalDirectory> Directories { get; } = [];

    /// <summary>The files in it.</summary>
    public List<LocalFile> Files { get; } = [];

    /// <summary>The symlinks in it, and what they say.</summary>
    public List<(string Name, string Target)> Symlinks { get; } = [];

    /// <summary>The message that it is in the CAS; empty as long as nobody has made it.</summary>
    public byte[] Message { get; set; } = [];

    /// <summary>The digest of the message.</summary>
    public Digest Digest { get; set; }

    /// <summary>The path of something in it.</summary>
    public string PathOf(string child) => Path.Length == 0 ? child : $"{Path}/{child}";
}
