using RemoteExec.Native;

namespace RemoteExec.Worker.Outputs;

/// <summary>Counts what is found among outputs, and objects as soon as it is too much.</summary>
internal sealed class OutputTally(OutputLimits limits)
{
    private long bytes;
    private long files;

    /// <summary>Counts one more.</summary>
    /// <param name="name">What the client calls it.</param>
    /// <param name="status">What it is.</param>
    /// <exception cref="TooManyOutputsException">That is too much.</exception>
    public void Add(string name, FileStatus status)
    {
        if (++files > limits.MaxFiles)
        {
            throw new TooManyOutputsException(
                $"the outputs have more than {limits.MaxFiles} files, directories and symlinks ('{name}' is the first beyond): {limits.FilesFrom} allows no more");
        }

        if (status.Kind == FileKind.File && (bytes += status.Length) > limits.MaxBytes)
        {
            throw new TooManyOutputsException(
                $"the outputs have at least {bytes} bytes ('{name}' has {status.Length} of them), more than the {limits.MaxBytes} that {limits.BytesFrom} allows");
        }
    }
}
