using Microsoft.Win32.SafeHandles;

namespace RemoteExec.Execution.Logs;

/// <summary>
/// A log while it is written, and some time after: a file without a name, which is gone with the process. One writes, many read, each from where it wants and as fast as it can; nobody waits
/// for a slow reader. Thread-safe.
/// </summary>
internal sealed class LogStream : IDisposable
{
    private readonly string writeToken;
    private readonly SafeFileHandle file;
    private readonly SemaphoreSlim writing = new(1); // one Write at a time
    private readonly Lock gate = new(); // guards the fields below
    private TaskCompletionSource changed = NewSignal();
    private long length;
    private DateTimeOffset lastHeard;
    private DateTimeOffset? endedAt;
    private LogStreamException? brokenOff;
    private int users = 1; // who has it open, the table of streams among them

    /// <summary>Makes one with its file.</summary>
    /// <param name="directory">Where the file is made.</param>
    /// <param name="name">The name for its writer.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="IOException">The file can't be made.</exception>
    public LogStream(string directory, LogStreamName name, DateTimeOffset now)
    {
        writeToken = name.WriteToken!;
        lastHeard = now;
        string path = Path.Combine(directory, name.Id);
        file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        File.Delete(path); // whatever becomes of this process, nothing is left
    }

    /// <summary>What the table of streams has set aside for it; null if it is not in there. The table's lock guards it.</summary>
    public long? Reserved { get; set; }

    /// <summary>How many bytes there are by now.</summary>
    public long Length
    {
        get
        {
            lock (gate)
                return length;
        }
    }

    /// <summary>When it ended, well or badly; null if it has not.</summary>
    public DateTimeOffset? EndedAt
    {
        get
        {
            lock (gate)
                return endedAt;
        }
    }

    /// <summary>When its writer was heard of last.</summary>
    public DateTimeOffset LastHeard
    {
        get
        {
            lock (gate)
                return lastHeard;
        }
    }

    /// <summary>True if this is the secret of its writer.</summary>
    public bool IsWrittenWith(string token) => token == writeToken;

    /// <summary>How far the writer has come, and whether it has finished.</summary>
    public (long CommittedSize, bool IsComplete) GetWriteStatus()
    {
        lock (gate)
            return (length, endedAt is not null && brokenOff is null);
    }

    /// <summary>Takes what comes next, and tells the readers. What is finished takes no more (LOG-03).</summary>
    /// <param name="offset">Where it belongs: at the end.</param>
    /// <param name="data">The bytes; none to say that the writer is there.</param>
    /// <param name="finishes">True if nothing follows.</param>
    /// <param name="reserve">Called before the file gets longer, with the number of bytes; it may throw.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellationToken">Ends waiting for another write.</param>
    /// <returns>The number of bytes there are now.</returns>
    /// <exception cref="LogStreamException">It has ended, or <paramref name="offset"/> is not its end.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task<long> AppendAsync(long offset, ReadOnlyMemory<byte> data, bool finishes, Action<long> reserve, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            CheckPlace(offset);
            if (data.Length > 0)
            {
                reserve(data.Length);
                RandomAccess.Write(file, data.Span, offset);
            }

            lock (gate)
            {
                length = offset + data.Length;
                lastHeard = now;
                if (finishes)
                    endedAt ??= now;
                Signal();
                return length;
            }
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Ends it where it does not end: readers get what there is, and then this.</summary>
    public void BreakOff(string why, DateTimeOffset now)
    {
        lock (gate)
        {
            if (endedAt is not null)
                return;
            endedAt = now;
            brokenOff = LogStreamException.BrokenOff(why);
            Signal();
        }
    }

    /// <summary>Gives what there is from an offset on, waiting while there is nothing yet; 0 at the end (LOG-03).</summary>
    /// <exception cref="LogStreamException">It broke off, or has ended before the offset.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<int> ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        long available;
        while ((available = Look(offset, out Task change)) == offset)
        {
            if (change.IsCompleted)
                return 0;
            await change.WaitAsync(cancellationToken);
        }

        return RandomAccess.Read(file, destination.Span[..(int)Math.Min(destination.Length, available - offset)], offset);
    }

    /// <summary>Keeps the file for as long as somebody reads; false if it is gone.</summary>
    public bool TryOpen()
    {
        lock (gate)
        {
            if (users == 0)
                return false;
            users++;
            return true;
        }
    }

    /// <summary>Ends a use of it; with the last one the file goes.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (--users > 0)
                return;
        }

        file.Dispose();
        writing.Dispose();
    }

    // Continuations run elsewhere: it is completed under the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The end of what there is to read, or the offset itself: then there is more after the change, or nothing any more if that has happened.
    private long Look(long offset, out Task change)
    {
        lock (gate)
        {
            change = endedAt is null ? changed.Task : Task.CompletedTask;
            if (offset < length)
                return length;
            if (brokenOff is not null)
                throw brokenOff;
            if (endedAt is not null && offset > length)
                throw new LogStreamException(LogStreamFailure.BehindEnd, $"read_offset {offset} is behind the end of the log, at {length}");
            return offset;
        }
    }

    private void CheckPlace(long offset)
    {
        lock (gate)
        {
            if (brokenOff is not null)
                throw brokenOff;
            if (endedAt is not null)
                throw new LogStreamException(LogStreamFailure.BadRequest, "the log was finished: nothing can be added to it");
            if (offset != length)
                throw new LogStreamException(LogStreamFailure.BadRequest, $"write_offset is {offset}, but {length} is where the log ends");
        }
    }

    private void Signal()
    {
        changed.TrySetResult();
        changed = NewSignal();
    }
}
