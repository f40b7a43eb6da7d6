using System.ComponentModel;
using System.Diagnostics;
using RemoteExec.Cas.Compression;

namespace RemoteExec.Images.Archives;

/// <summary>What a program of the system makes of a stream: the program reads the stream, this is what it writes. Its failure shows as <see cref="InvalidDataException"/> at the end.</summary>
internal sealed class ToolStream : ReadOnlyStream
{
    private const int BufferBytes = 128 * 1024;

    private readonly Process process;
    private readonly CancellationTokenSource disposing = new();
    private readonly Task feeding;
    private readonly Task<string> complaints;

    private ToolStream(Process process, Stream input)
    {
        this.process = process;
        feeding = FeedAsync(input);
        complaints = process.StandardError.ReadToEndAsync(disposing.Token);
    }

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="package">What has to be installed for it.</param>
    /// <param name="input">What it reads; stays open, and is not to be touched before this stream is disposed.</param>
    /// <exception cref="ImageException">It is not installed.</exception>
    public static ToolStream Start(string program, string[] arguments, string package, Stream input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string variable in start.Environment.Keys.Where(variable => variable != "PATH").ToArray())
            start.Environment.Remove(variable); // XZ_OPT and the like
        try
        {
            return new ToolStream(Process.Start(start)!, input);
        }
        catch (Win32Exception exception)
        {
            throw new ImageException($"'{program}' can't be started ({exception.Message}): install {package}", exception);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await process.StandardOutput.BaseStream.ReadAsync(buffer, cancellationToken);
        if (read > 0 || buffer.IsEmpty)
            return read;
        await feeding.WaitAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? 0
            : throw new InvalidDataException((await complaints.WaitAsync(cancellationToken)).Trim() is { Length: > 0 } text ? text.Split('\n')[0] : $"{process.StartInfo.FileName} ended with {process.ExitCode}");
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await disposing.CancelAsync();
        await Task.WhenAll(feeding, complaints).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        disposing.Dispose();
        await base.DisposeAsync();
    }

    private async Task FeedAsync(Stream input)
    {
        await using Stream destination = process.StandardInput.BaseStream;
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await input.ReadAsync(buffer, disposing.Token)) > 0;)
        {
            try
            {
                await destination.WriteAsync(buffer.AsMemory(0, read), disposing.Token);
            }
            catch (IOException)
            {
                return; // the program has closed its end: what it has to say about that is its exit code
            }
        }
    }
}
