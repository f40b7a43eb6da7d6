using RemoteExec.Native;

namespace RemoteExec.Worker.Caches;

/// <summary>Directories that an action is to write to.</summary>
internal static class CacheDirectory
{
    private const UnixFileMode Listable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Makes an empty directory.</summary>
    /// <param name="path">Where: its parent exists.</param>
    /// <param name="owner">Whom it is to belong to; null for the worker's own user.</param>
    public static void Make(string path, uint? owner)
    {
        ScratchDirectory.Make(path, Listable);
        if (owner is { } user)
            NativeException.ThrowIfNegative(Libc.LChOwn(path, user, user), $"changing the owner of '{path}'");
    }
}
