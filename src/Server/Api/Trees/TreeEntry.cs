using RemoteExec.Protocol;

namespace RemoteExec.Server.Api.Trees;

/// <summary>Something in a tree: a file if it has content, a symlink if it has a target, else a directory.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Content">The content of the file.</param>
/// <param name="Target">What the symlink says.</param>
/// <param name="Mode">Permissions: those that the tree asks for, or else what is usual.</param>
internal readonly record struct TreeEntry(string Path, Digest? Content, string? Target, int Mode);
