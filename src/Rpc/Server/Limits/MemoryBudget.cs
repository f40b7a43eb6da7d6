using System.Diagnostics.Metrics;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// What calls may take of the process's memory, all together: the transport's blocks, which are counted as they are rented, and what handlers say that they are about to take. Who wants more
/// than there is waits for <see cref="Patience"/>, and then is told to come again: who writes when 75 % are taken already, who reads at 85 %; look-ups and health have a thirty-second that nobody else can take, even by the transport's blocks. What is asked
/// for writing is never more than 40 % in all, nor what is for reading, so that neither keeps the other out. Whose connection holds no more than others gets another tenth of each
/// (<see cref="MemoryClaim"/>), and while some wait, who would hold least is served first. Thread-safe.
/// </summary>
public sealed class MemoryBudget
{
    /// <summary>How long whoever wants memory waits for it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    /// <summary>For how long memory counts as wanted after somebody had to wait for some: those who were told to come again do.</summary>
    internal static readonly TimeSpan Demand = TimeSpan.FromSeconds(5);

    /// <summary>What the transport takes for a stream.</summary>
    internal const int StreamBytes = 16 * 1024;

    /// <summary>What a call takes that has just begun: the state of its handler, and short messages.</summary>
    internal const int CallBytes = 16 * 1024;

    private static readonly KeyValuePair<string, object?>[] uses =
        [new("remoteexec.memory.use", "write"), new("remoteexec.memory.use", "read"), new("remoteexec.memory.use", "lookup")];

    private readonly TimeProvider time;
    private readonly long[] bounds; // of all that is taken, where one of the use wants more
    private readonly long[] shares; // of each use
    private readonly long extra; // beyond both, for who is modest
    private readonly long reserve; // of look-ups, whatever else is taken
    private readonly long most; // that who waits may come to hold
    private readonly long[] taken = new long[3];
    private readonly long[] shed = new long[3];
    private readonly int[] lengths = new int[3]; // of the queues
    private readonly Lock gate = new(); // guards the two below, and the lengths while they change
    private readonly SortedSet<Waiting>[] queues = [[], [], []]; // by use
    private TaskCompletionSource relieved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long used;
    private long leaving;
    private long kept;
    private int waiters;
    private long arrivals;
    private long wantedAt;

    /// <summary>Makes one.</summary>
    /// <param name="bytes">What there is, ≥ 1 MiB.</param>
    /// <param name="time">The clock.</param>
    public MemoryBudget(long bytes, TimeProvider time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1 << 20);
        this.time = time;
        wantedAt = time.GetTimestamp() - time.TimestampFrequency * (long)Demand.TotalSeconds;
        Bytes = bytes;
        bounds = [bytes / 100 * 75, bytes / 100 * 85, bytes];
        extra = bytes / 10;
        reserve = bytes / 32;
        most = bytes / 16;
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

    /// <summary>True while somebody waits for memory, and a little longer: who lets it lie unused is in the way.</summary>
    internal bool IsWanted => Array.Exists(lengths, static length => length > 0) || time.GetElapsedTime(Interlocked.Read(ref wantedAt)) < Demand;

    /// <summary>True if hardly anything, or nothing is left, and what is going to come back is not enough.</summary>
    internal bool IsNearlyExhausted => Used - Math.Min(Interlocked.Read(ref leaving), Bytes / 4) > bounds[(int)MemoryUse.Read];

    /// <inheritdoc cref="IsNearlyExhausted"/>
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
    /// <param name="bytes">So much.</param>
    /// <param name="use">What for.</param>
    /// <param name="claim">Whose turn it is, if some have to wait.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal ValueTask TakeAsync(long bytes, MemoryUse use, MemoryClaim claim, CancellationToken cancellationToken) =>
        Volatile.Read(ref lengths[(int)use]) == 0 && TryTake(bytes, use, claim) ? ValueTask.CompletedTask : new ValueTask(WaitAsync(bytes, use, claim, cancellationToken));

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

    private bool TryTake(long bytes, MemoryUse use, MemoryClaim claim)
    {
        long more = claim.IsModest ? extra : 0;
        long all = Interlocked.Add(ref used, bytes), alike = Interlocked.Add(ref taken[(int)use], bytes);
        if ((use == MemoryUse.LookUp && alike <= reserve) || (all <= Math.Min(bounds[(int)use] + more, Bytes) && alike <= shares[(int)use] + more))
            return true;
        Interlocked.Add(ref used, -bytes);
        Interlocked.Add(ref taken[(int)use], -bytes);
        return false;
    }

    private async Task WaitAsync(long bytes, MemoryUse use, MemoryClaim claim, CancellationToken cancellationToken)
    {
        if (bytes <= shares[(int)use] && (use == MemoryUse.LookUp || claim.Bytes <= Math.Max(most, bytes)) && await WaitForTurnAsync(bytes, use, claim, cancellationToken))
            return;
        Interlocked.Increment(ref shed[(int)use]);
        throw new MemoryShortException(
            $"the server is short of memory: of the {Bytes >> 20} MiB for all calls {Used >> 20} are taken, and this one wants {(bytes >> 10) + 1} KiB; come again, or raise memoryLimit",
            Patience);
    }

    private async Task<bool> WaitForTurnAsync(long bytes, MemoryUse use, MemoryClaim claim, CancellationToken cancellationToken)
    {
        var waiting = new Waiting(bytes, claim, Interlocked.Increment(ref arrivals));
        Interlocked.Increment(ref waiters);
        Interlocked.Exchange(ref wantedAt, time.GetTimestamp());
        try
        {
            lock (gate)
            {
                queues[(int)use].Add(waiting);
                lengths[(int)use]++;
            }

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
        {
            if (waiting.IsServed || !queues[(int)use].Remove(waiting))
                return false;
            lengths[(int)use]--;
            return true;
        }
    }

    // Those of one use in their order: nobody is overtaken by who would hold more.
    private void Serve()
    {
        List<Waiting>? served = null;
        TaskCompletionSource? relief = null;
        lock (gate)
        {
            for (int use = queues.Length - 1; use >= 0; use--)
            {
                while (queues[use].Min is { } first && TryTake(first.Bytes, (MemoryUse)use, first.Claim))
                {
                    queues[use].Remove(first);
                    lengths[use]--;
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

    private sealed class Waiting(long bytes, MemoryClaim claim, long arrival) : IComparable<Waiting>
    {
        public long Bytes => bytes;

        public MemoryClaim Claim => claim;

        public long Arrival => arrival;

        public bool IsServed { get; set; }

        public TaskCompletionSource Served { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int CompareTo(Waiting? other) => (Claim, Arrival).CompareTo((other!.Claim, other.Arrival));
    }
}
