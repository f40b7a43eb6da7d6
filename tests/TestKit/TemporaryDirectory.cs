namespace RemoteExec.TestKit;

/// <summary>A directory of a test's own, deleted with all that is in it.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Make();

    public string FullPath => directory.FullName;

    public string this[params ReadOnlySpan<string> path] => Path.Combine([directory.FullName, .. path]);

    public void Dispose()
    {
        // Bazel takes the write permission from directories it made.
        foreach (string path in Directory.EnumerateDirectories(directory.FullName, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            MakeWritable(path);
        directory.Delete(recursive: true);
    }

    private static void MakeWritable(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static DirectoryInfo Make()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-test-");
        // Actions that run as users of their own have to get through.
        if (!OperatingSystem.IsWindows())
            directory.UnixFileMode |= UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return directory;
    }
}
