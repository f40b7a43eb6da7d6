using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Worker.Replay;

/// <summary>Copies a log to a stream while it is written; all of it when this is disposed.</summary>
internal sealed class LogCopy : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(50); // what people take for at once
    private readonly string log;
    private readonly Stream target;
    private readonly PeriodicTimer timer;
    private readonly Task copying;
    private readonly byte[] buffer = new byte[BufferBytes];
    private long position;

    /// <summary>Begins.</summary>
    /// <param name="log">The file; it need not be there yet.</param>
    /// <param name="target">Where to; stays the caller's.</param>
    /// <param name="time">The clock.</param>
    public LogCopy(string log, Stream target, TimeProvider time)
    {
        this.log = log;
        this.target = target;
        timer = new PeriodicTimer(interval, time);
        copying = CopyAllAsync();
    }

    /// <summary>Copies the rest.</summary>
    /// <exception cref="IOException">The log can't be read, or the stream not be written to.</exception>
    public async ValueTask DisposeAsync()
    {
        timer.Dispose();
        await copying;
        await CopyAsync();
    }

    private async Task CopyAllAsync()
    {
        while (await timer.WaitForNextTickAsync())
            await CopyAsync();
    }

    private async Task CopyAsync()
    {
        if (!File.Exists(log))
            return;
        using SafeFileHandle file = File.OpenHandle(log, share: FileShare.ReadWrite | FileShare.Delete);
        position = Math.Min(position, RandomAccess.GetLength(file)); // who writes it, or who keeps it from getting too long, may make it shorter
        for (int count; (count = await RandomAccess.ReadAsync(file, buffer, position)) > 0; position += count)
            await target.WriteAsync(buffer.AsMemory(0, count));
        await target.FlushAsync();
    }
}
