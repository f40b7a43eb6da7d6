using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>
/// What an action writes to its standard output, or to its standard error: a file in a directory that is the worker's own, opened for appending. The action may
/// write to it, and make it shorter, but not replace it. Thread-safe.
/// </summary>
/// <param name="name">What it is called in messages.</param>
/// <param name="path">Where the file is; it need not exist yet.</param>
/// <param name="maxBytes">How much of it is kept.</param>
internal sealed class ActionLog(string name, string path, int maxBytes)
{
    private const int Slack = 1024 * 1024; // a log that is a little too long is not worth the trouble
    private volatile bool isCut;

    /// <summary>What it is called in messages.</summary>
    public string Name { get; } = name;

    /// <summary>Where the file is.</summary>
    public string Path { get; } = path;

    /// <summary>How much of it is kept.</summary>
    public int MaxBytes { get; } = maxBytes;

    /// <summary>True if there was more than is kept.</summary>
    public bool IsCut => isCut || (FileStatus.Of(Path)?.Length ?? 0) > MaxBytes;

    /// <summary>How many bytes of those that are kept there are by now.</summary>
    public long KeptBytes => Math.Min(FileStatus.Of(Path)?.Length ?? 0, MaxBytes);

    /// <summary>Gives the disk back what is not kept. Who goes on writing does so at the new end, as the file is open for appending.</summary>
    public void CutIfTooLong()
    {
        if ((FileStatus.Of(Path)?.Length ?? 0) <= (long)MaxBytes + Slack)
            return;
        isCut = true;
        using var file = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.SetLength(MaxBytes);
    }
}
