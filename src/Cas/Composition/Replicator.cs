using System.Buffers;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Copies values from one store to another in the background: what a mirror's member lacks, what a shard got back, what a slow tier has forgotten. Each copy is made once however often it is
/// asked for; a bounded number waits, and what comes beyond is dropped and told of. While its target is out of reach a copy is put off, 1 s, 2 s, … 30 s, for an hour.
/// </summary>
/// <remarks>A copy is a favour: nobody waits for it, and one that fails is asked for again by the next look-up that misses the value. Values are streamed, never held whole.</remarks>
public sealed class Replicator : IAsyncDisposable
{
    private const int BufferBytes = 128 * 1024;
    private static readonly TimeSpan longestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan patience = TimeSpan.FromHours(1);
    private readonly ReplicatorOptions options;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new(); // guards everything below
    private readonly HashSet<(Digest Digest, IBlobStore To, bool Overwrites)> known = [];
    private readonly Queue<Copy> ready = [];
    private readonly PriorityQueue<Copy, long> later = new(); // by the timestamp at which they are tried again
    private TaskCompletionSource? idle;
    private int running;
    private long runningBytes;
    private long dropped;
    private long? droppedTold;
    private bool isBehind; // a copy was put off, and nothing was dropped since
    private bool isStopped;

    /// <summary>Makes one; it is to be disposed before the stores it copies between.</summary>
    public Replicator(ReplicatorOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.logger = logger;
        this.time = time;
        timer = time.CreateTimer(static state => ((Replicator)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many copies wait or are being made.</summary>
    public int Pending
    {
        get
        {
            lock (gate)
                return known.Count;
        }
    }

    /// <summary>Asks for a copy. Returns at once.</summary>
    /// <param name="digest">What to copy.</param>
    /// <param name="from">Where it is; if it is there no longer, nothing is done.</param>
    /// <param name="to">Where it is wanted.</param>
    /// <param name="overwrites">Whether it replaces what the target has under this digest; else only a target that has nothing gets it.</param>
    public void Enqueue(Digest digest, IBlobStore from, IBlobStore to, bool overwrites = false)
    {
        lock (gate)
        {
            if (isStopped || known.Contains((digest, to, overwrites)))
                return;
            if (known.Count < options.MaxPending)
            {
                known.Add((digest, to, overwrites));
                ready.Enqueue(new Copy(digest, from, to, overwrites, time.GetTimestamp()));
                StartWhatFits();
                return;
            }

            dropped++;
        }

        TellDropped();
    }

    /// <summary>A store is within reach again: what was put off is tried now.</summary>
    public void TryAgain()
    {
        lock (gate)
        {
            if (isStopped)
                return;
            while (later.TryDequeue(out Copy? copy, out _))
                ready.Enqueue(copy);
            StartWhatFits();
        }
    }

    /// <summary>Returns once every copy was made, given up, or put off.</summary>
    internal Task WhenIdleAsync()
    {
        lock (gate)
        {
            if (running == 0 && ready.Count == 0)
                return Task.CompletedTask;
            idle ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return idle.Task;
        }
    }

    /// <summary>Stops what is under way; what waits is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (isStopped)
                return;
            isStopped = true;
            ready.Clear();
            later.Clear();
        }

        await timer.DisposeAsync();
        await stop.CancelAsync();
        await WhenIdleAsync();
        stop.Dispose();
    }

    /// <summary>To be called with the lock held.</summary>
    private void StartWhatFits()
    {
        while (running < options.MaxConcurrent && ready.TryPeek(out Copy? copy) && (running == 0 || runningBytes + copy.Bytes <= options.MaxBytesInFlight))
        {
            ready.Dequeue();
            running++;
            runningBytes += copy.Bytes;
            Task.Run(() => RunAsync(copy));
        }
    }

    private async Task RunAsync(Copy copy)
    {
        Exception? failure = null;
        try
        {
            await MakeAsync(copy, stop.Token);
        }
        catch (Exception exception) when (exception is CasException or OperationCanceledException)
        {
            failure = exception;
        }
        finally
        {
            End(copy, failure);
        }
    }

    private void End(Copy copy, Exception? failure)
    {
        TaskCompletionSource? waiting = null;
        bool hasCaughtUp;
        lock (gate)
        {
            running--;
            runningBytes -= copy.Bytes;
            bool isPutOff = failure is StoreUnavailableException && !isStopped && time.GetElapsedTime(copy.Asked) < patience;
            if (isPutOff)
                PutOff(copy);
            else
                known.Remove((copy.Digest, copy.To, copy.Overwrites));
            if (failure is CasException && !isPutOff && !isStopped)
                dropped++;
            isBehind = (isBehind || isPutOff) && dropped == 0;
            hasCaughtUp = isBehind && known.Count == 0 && !isStopped;
            isBehind &= !hasCaughtUp;
            StartWhatFits();
            if (running == 0 && ready.Count == 0)
                (waiting, idle) = (idle, null);
        }

        TellDropped();
        if (hasCaughtUp)
            CasLog.CopiesCaughtUp(logger, options.Name);
        waiting?.SetResult();
    }

    /// <summary>To be called with the lock held.</summary>
    private void PutOff(Copy copy)
    {
        copy.Pause = TimeSpan.FromTicks(Math.Clamp(copy.Pause.Ticks * 2, TimeSpan.TicksPerSecond, longestPause.Ticks));
        later.Enqueue(copy, time.GetTimestamp() + (long)(copy.Pause.TotalSeconds * time.TimestampFrequency));
        SetTimer();
    }

    /// <summary>To be called with the lock held.</summary>
    private void SetTimer()
    {
        if (later.TryPeek(out _, out long due))
            timer.Change(TimeSpan.FromSeconds(Math.Max(0.001, (due - time.GetTimestamp()) / (double)time.TimestampFrequency)), Timeout.InfiniteTimeSpan);
    }

    private void Wake()
    {
        lock (gate)
        {
            if (isStopped)
                return;
            while (later.TryPeek(out Copy? copy, out long due) && due <= time.GetTimestamp())
            {
                later.Dequeue();
                ready.Enqueue(copy);
            }

            SetTimer();
            StartWhatFits();
        }
    }

    private void TellDropped()
    {
        long count;
        lock (gate)
        {
            if (dropped == 0 || (droppedTold is { } told && time.GetElapsedTime(told) < TimeSpan.FromMinutes(1)))
                return;
            droppedTold = time.GetTimestamp();
            (count, dropped) = (dropped, 0);
        }

        CasLog.CopiesDropped(logger, count, options.Name);
    }

    private static async Task MakeAsync(Copy copy, CancellationToken cancellationToken)
    {
        if (!copy.Overwrites && await copy.To.ContainsAsync(copy.Digest, cancellationToken))
            return;
        await using BlobReader? reader = await copy.From.OpenReadAsync(copy.Digest, 0, cancellationToken);
        if (reader is null)
            return;
        await using BlobWriter writer = await copy.To.OpenWriteAsync(copy.Digest, reader.Length, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(reader.Length, 1, BufferBytes));
        try
        {
            for (int read = await reader.ReadAsync(buffer, cancellationToken); read > 0; read = await reader.ReadAsync(buffer, cancellationToken))
                await writer.WriteAsync(new ReadOnlySequence<byte>(buffer, 0, read), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        await writer.CommitAsync(cancellationToken);
    }

    private sealed class Copy(Digest digest, IBlobStore from, IBlobStore to, bool overwrites, long asked)
    {
        public Digest Digest => digest;

        public IBlobStore From => from;

        public IBlobStore To => to;

        public bool Overwrites => overwrites;

        /// <summary>When it was asked for, as a timestamp.</summary>
        public long Asked => asked;

        public long Bytes => Math.Max(0, digest.SizeBytes);

        /// <summary>How long it was put off last.</summary>
        public TimeSpan Pause { get; set; }
    }
}
