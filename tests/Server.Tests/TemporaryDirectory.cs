namespace RemoteExec.Server.Tests;

/// <summary>A directory of a test's own, deleted with all that is in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("remoteexec-test-");

    public string FullPath => directory.FullName;

    public string this[params ReadOnlySpan<string> path] => Path.Combine([directory.FullName, .. path]);

    public void Dispose() => directory.Delete(recursive: true);
}
