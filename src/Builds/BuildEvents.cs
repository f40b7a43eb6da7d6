using Microsoft.Extensions.Logging;
using RemoteExec.Builds.Events;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds;

/// <summary>What clients tell of their builds themselves, event by event: takes it, and has it on the disk before it is acknowledged. May be used concurrently.</summary>
public sealed class BuildEvents : IAsyncDisposable
{
    private readonly EventLimits limits;
    private readonly TimeProvider time;
    private readonly EventWriter writer;
    private readonly EventMetrics metrics;
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim room;
    private readonly Lock gate = new(); // guards what follows
    private readonly HashSet<OpenStream> streams = [];

    internal BuildEvents(BuildDatabase database, EventLimits limits, ILogger logger, TimeProvider time)
    {
        this.limits = limits;
        this.time = time;
        writer = new EventWriter(database, limits, logger, time);
        room = new SemaphoreSlim(limits.EventsUnderWay);
        metrics = new EventMetrics(() => OpenStreams);
    }

    /// <summary>How many calls send events.</summary>
    public int OpenStreams
    {
        get
        {
            lock (gate)
                return streams.Count;
        }
    }

    /// <summary>True once the server stops.</summary>
    internal bool IsStopping => stopping.IsCancellationRequested;

    /// <summary>Has calls under way end, for their clients to come again elsewhere or later; the server stops.</summary>
    public Task StopAsync() => stopping.CancelAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await writer.DisposeAsync();
        metrics.Dispose();
        stopping.Dispose();
        room.Dispose();
    }

    /// <summary>Lets a call in. If there are too many, the one goes that was silent for longest.</summary>
    internal OpenStream Enter(CancellationToken cancellationToken)
    {
        var stream = new OpenStream(Leave, time.GetTimestamp(), cancellationToken, stopping.Token);
        OpenStream? ended = null;
        lock (gate)
        {
            if (streams.Count >= limits.OpenStreams)
            {
                ended = streams.MinBy(one => one.Heard)!;
                streams.Remove(ended);
            }

            streams.Add(stream);
        }

        ended?.End("too many builds send events at a time, and this one was silent for longest");
        return stream;
    }

    /// <summary>Something has come in a call.</summary>
    internal void Hear(OpenStream stream, EventStreamId told)
    {
        stream.Heard = time.GetTimestamp();
        if (stream.Stream is not null)
            return;
        lock (gate)
            stream.Stream = told;
    }

    /// <summary>A call ends: unless another brings the same stream, nobody tells of its build any more.</summary>
    internal async Task LeaveAsync(OpenStream stream)
    {
        lock (gate)
        {
            if (stream.Stream is null || streams.Any(other => other != stream && other.Stream == stream.Stream))
                return;
        }

        try
        {
            await writer.WriteAsync(new StreamEvent(stream.Stream.Value, 0, StreamEventKind.Gone));
        }
        catch (EventsNotWrittenException)
        {
            // Then the build expires later: when it was silent for too long, or the server is started again.
        }
    }

    /// <summary>Waits until there is room for an event, which is to be written then.</summary>
    internal Task WaitForRoomAsync(CancellationToken cancellationToken) => room.WaitAsync(cancellationToken);

    /// <summary>Takes an event that there was room for; when the task has ended it is on the disk. Events are taken in the order in which they are given.</summary>
    /// <exception cref="EventRefusedException">It does not fit to its stream.</exception>
    /// <exception cref="EventsNotWrittenException">It can't be written now.</exception>
    internal async Task WriteAsync(StreamEvent told)
    {
        try
        {
            metrics.Count(await writer.WriteAsync(told));
        }
        catch (EventRefusedException)
        {
            metrics.CountRefused();
            throw;
        }
        finally
        {
            room.Release();
        }
    }

    private void Leave(OpenStream stream)
    {
        lock (gate)
            streams.Remove(stream);
    }
}
