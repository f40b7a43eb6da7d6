namespace RemoteExec.Worker.Tests;

/// <summary>A directory of a test's own that other users may enter.</summary>
internal sealed class TempDirectory : IDisposable
{
    /// <summary>What all their names begin with.</summary>
    public const string Prefix = "remoteexec-worker-test-";

    public TempDirectory(string? place = null)
    {
        Path = place is not null ? Directory.CreateDirectory(place).FullName : Directory.CreateTempSubdirectory(Prefix).FullName;
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
