using System.Diagnostics.Metrics;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// What calls may take of the process's memory, all together: the transport's blocks, which are counted as they are rented, and what handlers say that they are about to take. Who wants more
/// than there is waits for <see cref="Patience"/>, and then is told to come again: who writes when 75 % are taken already, who reads at 85 %, so that look-ups and health go on. What is asked
/// for writing is never more than 40 % in all, nor what is for reading, so that neither keeps the other out. Thread-safe.
/// </summary>
public sealed class MemoryBudget
{
    /// <summary>How long whoever wants memory waits for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What the transport takes for a stream.</summary>
    internal const int StreamBytes = 16 * 1024;

    /// <summary>What a call takes that has just begun: the state of its handler, and short messages.</summary>
    internal const int CallBytes = 16 * 1024;

    private static readonly KeyValuePair<string, object?>[] uses =
        [new("remoteexec.memory.use", "write"), new("remoteexec.memory.use", "read"), new("remoteexec.memory.use", "lookup")];

    private readonly TimeProvider time;
    private readonly long[] bounds; // of all that is taken, where one of the use wants more
    private readonly long[] shares; // of each use
    private readonly long[] taken = new long[3];
    private readonly long[] shed = new long[3];
    private readonly Lock gate = new(); // guards the two below
    private readonly LinkedList<Waiting>[] queues = [[], [], []]; // by use
    private TaskCompletionSource relieved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long used;
    private long leaving;
    private long kept;
    private int waiters;

    /// <summary>Makes one.</summary>
    /// <param name="bytes">What there is, ≥ 1 MiB.</param>
    /// <param name="time">The clock.</param>
    public MemoryBudget(long bytes, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1 << 20);
        this.time = time;
        Bytes = bytes;
        bounds = [bytes / 100 * 75, bytes / 100 * 85, bytes];
        shares = [bytes / 10 * 4, bytes / 10 * 4, bytes];
    }

    /// <summary>What there is.</summary>
    public long Bytes { get; }

    /// <summary>What is taken now.</summary>
    public long Used => Interlocked.Read(ref used);

    /// <summary>How many waited in vain so far.</summary>
    public long Shed(MemoryUse use) => Interlocked.Read(ref shed[(int)use]);

    /// <summary>True while connections that hold much are better not read from.</summary>
    internal bool IsShort => Used > bounds[(int)MemoryUse.Write];

    /// <summary>True if nothing is left, and what is going to come back is not enough.</summary>
    internal bool IsExhausted => Used - Math.Min(Interlocked.Read(ref leaving), Bytes / 4) > Bytes;

    /// <summary>Tells of it: <c>remoteexec.memory.*</c>.</summary>
    public void Observe(Meter meter)
    {
        meter.CreateObservableUpDownCounter("remoteexec.memory.used", () => Used, "By", "Memory that calls have taken.");
        meter.CreateObservableUpDownCounter("remoteexec.memory.limit", () => Bytes, "By", "Memory that calls may take.");
        meter.CreateObservableCounter(
            "remoteexec.memory.shed", () => Enum.GetValues<MemoryUse>().Select(use => new Measurement<long>(Shed(use), uses[(int)use])), "{call}", "Calls that were told to come again as memory was short.");
    }

    /// <summary>Takes memory, which <see cref="Give"/> gives back.</summary>
    /// <exception cref="MemoryShortException">There was none in time.</exception>
    public ValueTask TakeAsync(long bytes, MemoryUse use, CancellationToken cancellationToken) =>
        TryTake(bytes, use) ? ValueTask.CompletedTask : new ValueTask(WaitAsync(bytes, use, cancellationToken));

    /// <summary>Gives back what was taken.</summary>
    public void Give(long bytes, MemoryUse use)
    {
        Interlocked.Add(ref taken[(int)use], -bytes);
        Uncount(bytes);
    }

    /// <summary>Says that what was counted is there again.</summary>
    internal void Uncount(long bytes)
    {
        Interlocked.Add(ref used, -bytes);
        if (Volatile.Read(ref waiters) > 0)
            Serve();
    }

    /// <summary>Counts what is taken already.</summary>
    internal void Count(long bytes) => Interlocked.Add(ref used, bytes);

    /// <summary>True if memory that nobody needs now may be kept for who needs it next; <see cref="Unkeep"/> when it is needed, or dropped.</summary>
    internal bool TryKeep(long bytes)
    {
        if (Interlocked.Add(ref kept, bytes) <= Bytes / 8)
            return true;
        Unkeep(bytes);
        return false;
    }

    /// <inheritdoc cref="TryKeep"/>
    internal void Unkeep(long bytes) => Interlocked.Add(ref kept, -bytes);

    /// <summary>Says that so much is going to come back without being asked for: a connection that was closed for it.</summary>
    internal void ExpectBack(long bytes) => Interlocked.Add(ref leaving, bytes);

    /// <summary>Waits until memory is not short any more, and at most so long.</summary>
    internal async ValueTask WaitForReliefAsync(TimeSpan longest)
    {
        Task relief;
        lock (gate)
            relief = relieved.Task;
        Interlocked.Increment(ref waiters);
        try
        {
            if (IsShort)
                await relief.WaitAsync(longest, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            Interlocked.Decrement(ref waiters);
        }
    }

    private bool TryTake(long bytes, MemoryUse use)
    {
        long all = Interlocked.Add(ref used, bytes), alike = Interlocked.Add(ref taken[(int)use], bytes);
        if (all <= bounds[(int)use] && alike <= shares[(int)use])
            return true;
        Interlocked.Add(ref used, -bytes);
        Interlocked.Add(ref taken[(int)use], -bytes);
        return false;
    }

    private async Task WaitAsync(long bytes, MemoryUse use, CancellationToken cancellationToken)
    {
        if (bytes <= shares[(int)use] && await WaitForTurnAsync(bytes, use, cancellationToken))
            return;
        Interlocked.Increment(ref shed[(int)use]);
        throw new MemoryShortException(
            $"the server is short of memory: of the {Bytes >> 20} MiB for all calls {Used >> 20} are taken, and this one wants {(bytes >> 10) + 1} KiB; come again, or raise memoryLimit",
            Patience);
    }

    private async Task<bool> WaitForTurnAsync(long bytes, MemoryUse use, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(bytes);
        Interlocked.Increment(ref waiters);
        try
        {
            lock (gate)
                queues[(int)use].AddLast(waiting);
            Serve(); // some may have come back meanwhile
            await waiting.Served.Task.WaitAsync(Patience, time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return !TryLeave(waiting, use);
        }
        catch (OperationCanceledException)
        {
            if (!TryLeave(waiting, use))
                Give(bytes, use);
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref waiters);
        }
    }

    private bool TryLeave(Waiting waiting, MemoryUse use)
    {
        lock (gate)
            return !waiting.IsServed && queues[(int)use].Remove(waiting);
    }

    // Those of one use in the order in which they came: who wants much is not overtaken.
    private void Serve()
    {
        List<Waiting>? served = null;
        TaskCompletionSource? relief = null;
        lock (gate)
        {
            for (int use = queues.Length - 1; use >= 0; use--)
            {
                while (queues[use].First is { Value: var first } && TryTake(first.Bytes, (MemoryUse)use))
                {
                    queues[use].RemoveFirst();
                    first.IsServed = true;
                    (served ??= []).Add(first);
                }
            }

            if (!IsShort)
                (relief, relieved) = (relieved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        relief?.TrySetResult();
        served?.ForEach(waiting => waiting.Served.TrySetResult());
    }

    private sealed class Waiting(long bytes)
    {
        public long Bytes => bytes;

        public bool IsServed { get; set; }

        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
