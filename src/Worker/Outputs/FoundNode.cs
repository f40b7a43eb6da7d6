using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>A file, a directory or a symlink among outputs.</summary>
/// <param name="Path">Where the worker has it.</param>
/// <param name="Relative">Its path in the output directory that it is in; empty for an output itself.</param>
/// <param name="Status">What the file system says of it.</param>
/// <param name="Target">The target of a symlink, as the result has it; null for anything else.</param>
internal sealed record FoundNode(string Path, string Relative, FileStatus Status, string? Target = null);
