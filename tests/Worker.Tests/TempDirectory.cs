namespace RemoteExec.Worker.Tests;

/// <summary>A directory of a test's own that other users may enter.</summary>
internal sealed class TempDirectory : IDisposable
{
    public TempDirectory()
    {
        Path = Directory.CreateTempSubdirectory("remoteexec-worker-test-").FullName;
        File.SetUnixFileMode(Path, (UnixFileMode)0x1ED); // 0755
    }

    public string Path { get; }

    public void Dispose()
    {
        foreach (string directory in Directory.EnumerateDirectories(Path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
            File.SetUnixFileMode(directory, (UnixFileMode)0x1ED);
        Directory.Delete(Path, recursive: true);
    }
}
