using RemoteExec.Protocol;

namespace RemoteExec.Execution.Logs;

/// <summary>
/// The live logs of this server: bounded in number, in bytes and in time. When there is no room, those that have ended go, the oldest first; those that are written stay. Thread-safe.
/// </summary>
public sealed class LogStreams : IAsyncDisposable
{
    private const int SweepsPerPatience = 4;
    private readonly string directory;
    private readonly LogStreamsOptions options;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly Lock gate = new(); // guards the fields below
    private readonly Dictionary<string, LogStream> streams = new(StringComparer.Ordinal);
    private long bytes;

    /// <summary>Starts without any.</summary>
    /// <param name="directory">Where their files are made: emptied now, and made if it is not there.</param>
    /// <param name="options">How much room they may take.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="IOException">The directory can't be used.</exception>
    public LogStreams(string directory, LogStreamsOptions options, TimeProvider time)
    {
        this.directory = directory;
        this.options = options;
        this.time = time;
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
        Directory.CreateDirectory(directory);
        TimeSpan often = options.WriterPatience / SweepsPerPatience;
        timer = time.CreateTimer(_ => Sweep(time.GetUtcNow()), null, often, often);
    }

    /// <summary>Makes a stream, and gives the name for its writer.</summary>
    /// <exception cref="LogStreamException">There are too many.</exception>
    /// <exception cref="IOException">Its file can't be made.</exception>
    internal LogStreamName Create(InstanceName instance)
    {
        LogStreamName name = LogStreamName.New(instance);
        var stream = new LogStream(directory, name, time.GetUtcNow());
        LogStream? dropped = null;
        bool isListed;
        lock (gate)
        {
            if (isListed = streams.Count < options.MaxStreams || (dropped = DropOldestEnded()) is not null)
            {
                stream.Reserved = 0;
                streams.Add(KeyOf(name), stream);
            }
        }

        dropped?.Dispose();
        if (isListed)
            return name;
        stream.Dispose();
        throw new LogStreamException(LogStreamFailure.NoRoom, $"there are {options.MaxStreams} live logs already, all of them being written");
    }

    /// <summary>Gives a stream to a reader, who disposes it.</summary>
    /// <exception cref="LogStreamException">There is none, or the name is that for the writer (LOG-02).</exception>
    internal LogStream OpenForReading(LogStreamName name) => name.WriteToken is null
        ? Open(name)
        : throw new LogStreamException(LogStreamFailure.BadRequest, "this is the name for who writes the log: read it by the other one");

    /// <summary>Gives a stream to its writer, who disposes it.</summary>
    /// <exception cref="LogStreamException">There is none, or the name is no name for writing (LOG-02).</exception>
    internal LogStream OpenForWriting(LogStreamName name)
    {
        if (name.WriteToken is not { } token)
            throw new LogStreamException(LogStreamFailure.BadRequest, "this is the name for who reads the log: write to write_resource_name");
        LogStream stream = Open(name);
        if (stream.IsWrittenWith(token))
            return stream;
        stream.Dispose();
        throw LogStreamException.NotFound();
    }

    /// <summary>Appends to a stream, if there is room for it.</summary>
    /// <exception cref="LogStreamException">There is no room, in which case the stream has broken off; or it can't be appended to.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    internal async Task<long> AppendAsync(LogStream stream, long offset, ReadOnlyMemory<byte> data, bool finishes, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.AppendAsync(offset, data, finishes, added => Reserve(stream, added), time.GetUtcNow(), cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or LogStreamException { Reason: LogStreamFailure.NoRoom })
        {
            stream.BreakOff("the server has no room for more of it", time.GetUtcNow());
            throw;
        }
    }

    /// <summary>Drops all.</summary>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();
        List<LogStream> dropped = [];
        lock (gate)
        {
            foreach ((string key, LogStream stream) in streams)
                dropped.Add(Drop(key, stream));
        }

        foreach (LogStream stream in dropped)
        {
            stream.BreakOff("the server stops", time.GetUtcNow());
            stream.Dispose();
        }
    }

    private static string KeyOf(LogStreamName name) => name.ForReaders.ToString();

    private LogStream Open(LogStreamName name)
    {
        lock (gate)
            return streams.TryGetValue(KeyOf(name), out LogStream? stream) && stream.TryOpen() ? stream : throw LogStreamException.NotFound();
    }

    private void Reserve(LogStream stream, long added)
    {
        List<LogStream> dropped = [];
        try
        {
            lock (gate)
            {
                if (stream.Reserved is not { } reserved)
                    throw LogStreamException.NotFound();
                if (reserved + added > options.MaxStreamBytes)
                    throw new LogStreamException(LogStreamFailure.NoRoom, $"a live log has at most {options.MaxStreamBytes} bytes");
                while (bytes + added > options.MaxBytes)
                    dropped.Add(DropOldestEnded() ?? throw new LogStreamException(LogStreamFailure.NoRoom, $"all live logs together have at most {options.MaxBytes} bytes"));
                stream.Reserved = reserved + added;
                bytes += added;
            }
        }
        finally
        {
            dropped.ForEach(stream => stream.Dispose());
        }
    }

    private void Sweep(DateTimeOffset now)
    {
        List<LogStream> dropped = [];
        lock (gate)
        {
            foreach ((string key, LogStream stream) in streams)
            {
                if (stream.EndedAt is { } ended && ended + options.KeptFor <= now)
                    dropped.Add(Drop(key, stream));
                else if (stream.LastHeard + options.WriterPatience <= now)
                    stream.BreakOff("nothing was heard of the worker that writes it", now);
            }
        }

        dropped.ForEach(stream => stream.Dispose());
    }

    // Its caller disposes it, without the lock; null if all are being written.
    private LogStream? DropOldestEnded()
    {
        (string Key, LogStream Stream, DateTimeOffset EndedAt)? oldest = null;
        foreach ((string key, LogStream stream) in streams)
        {
            if (stream.EndedAt is { } ended && (oldest is null || ended < oldest.Value.EndedAt))
                oldest = (key, stream, ended);
        }

        return oldest is { } found ? Drop(found.Key, found.Stream) : null;
    }

    private LogStream Drop(string key, LogStream stream)
    {
        streams.Remove(key);
        bytes -= stream.Reserved ?? 0;
        stream.Reserved = null;
        return stream;
    }
}
