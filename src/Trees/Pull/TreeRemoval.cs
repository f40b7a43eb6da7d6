namespace RemoteExec.Trees.Pull;

/// <summary>Deletes directories of which some may be closed to their owner.</summary>
internal static class TreeRemoval
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Deletes a directory and all in it, without following symlinks; one that is not there is no error.</summary>
    /// <exception cref="IOException">Something is left of it.</exception>
    public static void Remove(string directory)
    {
        if (!Directory.Exists(directory))
            return;
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (UnauthorizedAccessException)
        {
            Open(directory);
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Open(string directory)
    {
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | OwnerOnly);
        foreach (string child in Directory.EnumerateDirectories(directory, "*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint }))
            Open(child);
    }
}
