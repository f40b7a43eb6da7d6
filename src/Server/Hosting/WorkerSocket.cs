namespace RemoteExec.Server.Hosting;

/// <summary>Where the private socket is over which the worker inside reaches the server: in a directory that only the server's user can write to.</summary>
internal sealed class WorkerSocket : IDisposable
{
    /// <summary>What the address of a UNIX socket can hold, without its terminating zero.</summary>
    private const int MaxPathBytes = 107;

    private readonly DirectoryInfo? temporary;

    /// <summary>Chooses a path in the data directory, or where that is too deep for a socket, in a temporary directory.</summary>
    public WorkerSocket(string dataDirectory)
    {
        FullPath = Path.Combine(dataDirectory, "worker.sock");
        if (System.Text.Encoding.UTF8.GetByteCount(FullPath) <= MaxPathBytes)
            return;
        temporary = Directory.CreateTempSubdirectory("remoteexec-");
        FullPath = Path.Combine(temporary.FullName, "worker.sock");
    }

    /// <summary>The path of the socket.</summary>
    public string FullPath { get; }

    /// <summary>Removes the temporary directory, if there is one.</summary>
    public void Dispose() => temporary?.Delete(recursive: true);
}
