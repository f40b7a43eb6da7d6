namespace RemoteExec.EndToEnd.Tests;

/// <summary>A directory of a test's own, deleted with all that is in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Make();

    public string FullPath => directory.FullName;

    public string this[params ReadOnlySpan<string> path] => Path.Combine([directory.FullName, .. path]);

    public void Dispose()
    {
        // Bazel takes the write permission from directories it made.
        foreach (string path in Directory.EnumerateDirectories(directory.FullName, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        directory.Delete(recursive: true);
    }

    private static DirectoryInfo Make()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-e2e-");
        // Actions that run as users of their own have to get through.
        directory.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return directory;
    }
}
