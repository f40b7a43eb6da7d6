using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Brings segments to the medium in the background, for many commits at once. While one flush is under way, those who come gather for the next.
/// </summary>
internal sealed class CommitFlusher : IAsyncDisposable
{
    private readonly Lock gate = new(); // guards the next round
    private readonly Durability durability;
    private readonly ILogger logger;
    private readonly TimeProvider timeProvider;
    private readonly SemaphoreSlim wake = new(0, 1);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;
    private Round next = new();
    private long flushes;
    private bool ended;

    /// <summary>Starts it; with <see cref="Durability.Fast"/> it has nothing to do.</summary>
    public CommitFlusher(Durability durability, ILogger logger, TimeProvider timeProvider)
    {
        this.durability = durability;
        this.logger = logger;
        this.timeProvider = timeProvider;
        running = durability == Durability.Fast ? Task.CompletedTask : Task.Run(RunAsync);
    }

    /// <summary>How many times it has flushed.</summary>
    public long Flushes => Interlocked.Read(ref flushes);

    /// <summary>How long commits are gathered if nobody waits for them.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// To be called when a record was written, before it becomes visible. Under <see cref="Durability.Always"/> completes when it is on the medium, else at once.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public Task WrittenAsync(SegmentFile segment)
    {
        if (durability == Durability.Fast)
            return Task.CompletedTask; // the next checkpoint does it
        Round round;
        lock (gate)
        {
            if (ended)
                return Task.CompletedTask; // the store is closed: nothing becomes visible any more
            round = next;
            if (round.Segments.Add(segment))
                segment.Acquire();
            if (round.Segments.Count == 1 && wake.CurrentCount == 0)
                wake.Release();
        }

        return durability == Durability.Always ? round.Flushed.Task : Task.CompletedTask;
    }

    /// <summary>Flushes what is left, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        lock (gate)
            ended = true;
        if (Take() is { } round)
            Flush(round);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await wake.WaitAsync(stopping.Token);
                if (durability == Durability.Group)
                    await Task.Delay(Interval, timeProvider, stopping.Token);
                if (Take() is { } round)
                    Flush(round);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to end.
        }
    }

    private Round? Take()
    {
        lock (gate)
        {
            if (next.Segments.Count == 0)
                return null;
            Round round = next;
            next = new Round();
            return round;
        }
    }

    private void Flush(Round round)
    {
        StoreUnavailableException? failure = null;
        foreach (SegmentFile segment in round.Segments)
        {
            try
            {
                segment.Flush();
            }
            catch (IOException fault)
            {
                CasLog.FlushFailed(logger, fault, segment.Path);
                failure = segment.Failure(fault);
            }
            finally
            {
                segment.Release();
            }
        }

        Interlocked.Increment(ref flushes);
        if (failure is null)
            round.Flushed.SetResult();
        else
            round.Flushed.SetException(failure);
        _ = round.Flushed.Task.Exception; // looked at: under Group nobody waits, and the log has it
    }

    private sealed class Round
    {
        public HashSet<SegmentFile> Segments { get; } = [];

        public TaskCompletionSource Flushed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
