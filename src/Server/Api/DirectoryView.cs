namespace RemoteExec.Server.Api;

/// <summary>What is in a directory.</summary>
/// <param name="Digest">Its digest, <c>hash/size</c>; null inside of a Tree.</param>
/// <param name="Files">Its files.</param>
/// <param name="Directories">The directories in it.</param>
/// <param name="Symlinks">Its symlinks.</param>
internal sealed record DirectoryView(string? Digest, IReadOnlyList<FileEntry> Files, IReadOnlyList<DirectoryEntry> Directories, IReadOnlyList<SymlinkEntry> Symlinks);

/// <summary>A file of a directory.</summary>
internal sealed record FileEntry(string Name, string Digest, bool IsExecutable);

/// <summary>A directory in a directory.</summary>
internal sealed record DirectoryEntry(string Name, string Digest);

/// <summary>A symlink of a directory.</summary>
internal sealed record SymlinkEntry(string Name, string Target);
