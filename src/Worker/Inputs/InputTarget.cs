using RemoteExec.Native;

namespace RemoteExec.Worker.Inputs;

/// <summary>Where inputs are laid out.</summary>
/// <param name="Root">The directory that becomes the root: an absolute path without symlinks.</param>
/// <param name="Owner">The user, and the group, that get what an action may change; null for the worker's own.</param>
/// <param name="LinksAlways">True if nothing there is written to but through an overlay, so that files may be shared whoever the action's user is.</param>
internal sealed record InputTarget(string Root, uint? Owner, bool LinksAlways)
{
    private const UnixFileMode NewDirectory =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Makes a directory that is the action's own.</summary>
    public void MakeDirectory(string path)
    {
        Directory.CreateDirectory(path, NewDirectory);
        GiveAway(path);
    }

    /// <summary>Makes something in the root the action's own, so that it may change it.</summary>
    public void GiveAway(string path)
    {
        if (Owner is { } owner)
            NativeException.ThrowIfNegative(Libc.LChOwn(path, owner, owner), $"changing the owner of '{path}'");
    }
}
