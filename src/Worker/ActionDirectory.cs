using RemoteExec.Worker.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>
/// The directory of one action: its input root, its temporary directory and, beside them, where it can't replace them, the files with its output.
/// Gone, for everybody, when it is disposed.
/// </summary>
internal sealed class ActionDirectory : IAsyncDisposable
{
    private const UnixFileMode Traversable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly ScratchDirectory scratch;
    private readonly string path;

    internal ActionDirectory(ScratchDirectory scratch, string path, ActionUser? user)
    {
        this.scratch = scratch;
        this.path = path;
        User = user;
        Root = RootIn(path);
        Temporary = Path.Combine(path, "tmp");
        StdoutPath = Path.Combine(path, "stdout");
        StderrPath = Path.Combine(path, "stderr");
        ScratchDirectory.Make(path, Traversable);
        ScratchDirectory.Make(Root, Private);
        ScratchDirectory.Make(Temporary, Private);
        GiveAway(Root);
        GiveAway(Temporary);
    }

    /// <summary>The user the action runs as; null for the worker's own.</summary>
    public ActionUser? User { get; }

    /// <summary>The input root: an absolute path without symlinks.</summary>
    public string Root { get; }

    /// <summary>For temporary files of the action.</summary>
    public string Temporary { get; }

    /// <summary>Standard output goes here.</summary>
    public string StdoutPath { get; }

    /// <summary>Standard error goes here.</summary>
    public string StderrPath { get; }

    /// <summary>Deletes it all.</summary>
    public ValueTask DisposeAsync() => scratch.DiscardAsync(path);

    internal static string RootIn(string actionDirectory) => Path.Combine(actionDirectory, "root");

    /// <summary>Makes something in the root the action's own, so that it may change it.</summary>
    internal void GiveAway(string file)
    {
        if (User is { } user)
            NativeException.ThrowIfNegative(Libc.LChOwn(file, user.Id, user.Id), $"changing the owner of '{file}'");
    }
}
