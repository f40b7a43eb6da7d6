using RemoteExec.Native;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Outputs;

/// <summary>The root directory of an action that has ended, to be read by the worker. Both paths are absolute, and without a slash at the end.</summary>
/// <param name="Path">Where it is for the worker, no symlinks on the way: perhaps below <c>/proc/self/fd</c>.</param>
/// <param name="SeenAs">Where the action thought it was: absolute symlinks that it made name that path.</param>
internal sealed record OutputRoot(string Path, string SeenAs)
{
    /// <summary>The root of an action that saw it where it is.</summary>
    public static OutputRoot In(ActionDirectory directory) => new(directory.Root, directory.Root);

    /// <summary>What the file system says of a path in it; null if nothing is there. The root itself may be a link of <c>/proc</c>.</summary>
    public FileStatus? StatusOf(string path) => FileStatus.Of(path, followLast: path == Path);

    /// <summary>A path as the worker has it, for one in the root as the action had it; null if that is not in the root.</summary>
    public string? Translate(string seen) => PathInRoot.IsInside(SeenAs, seen) ? Path + seen[SeenAs.Length..] : null;
}
