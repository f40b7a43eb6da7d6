using System.Buffers.Binary;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Tells a slow tier in the background what the fast one before it answers for, as uses, in bulk: else what is used daily would be what the slow one has not heard of for longest. Each digest is told
/// at most once an hour, and what the slow tier turns out to lack is copied to it.
/// </summary>
internal sealed class SlowTierUses : IAsyncDisposable
{
    private const int MaxTold = 1_000_000; // an hour; what comes beyond is not told
    private const int BatchDigests = 5_000;
    private static readonly TimeSpan interval = TimeSpan.FromHours(1);
    private static readonly TimeSpan delay = TimeSpan.FromSeconds(10);
    private readonly IBlobStore fast;
    private readonly IBlobStore slow;
    private readonly Replicator? replicator;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly CancellationTokenSource stop = new();
    private readonly Lock gate = new(); // guards everything below
    private HashSet<ulong> told = []; // fingerprints: one that is told by mistake for another is told an hour later
    private HashSet<ulong> toldBefore = [];
    private long toldSince;
    private List<Digest> pending = [];
    private Task? telling;
    private bool isStopped;

    /// <summary>Makes it; nothing is told yet.</summary>
    /// <param name="fast">The fast tier.</param>
    /// <param name="slow">The slow tier.</param>
    /// <param name="replicator">What copies; null if the slow tier is not to be written to.</param>
    /// <param name="time">The clock.</param>
    public SlowTierUses(IBlobStore fast, IBlobStore slow, Replicator? replicator, TimeProvider time)
    {
        (this.fast, this.slow, this.replicator, this.time) = (fast, slow, replicator, time);
        toldSince = time.GetTimestamp();
        timer = time.CreateTimer(static state => ((SlowTierUses)state!).Tell(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes down what the fast tier was asked and had.</summary>
    /// <param name="digests">What was asked.</param>
    /// <param name="missing">What of that it did not have, in the same order.</param>
    public void Note(IReadOnlyCollection<Digest> digests, IReadOnlyCollection<Digest> missing)
    {
        if (digests.Count == missing.Count)
            return;
        bool isFull;
        using IEnumerator<Digest> absent = missing.GetEnumerator();
        bool isMore = absent.MoveNext();
        lock (gate)
        {
            if (isStopped)
                return;
            Turn();
            bool wasEmpty = pending.Count == 0;
            foreach (ref readonly Digest digest in DigestSpan.Of(digests))
            {
                if (isMore && absent.Current == digest)
                    isMore = absent.MoveNext();
                else if (told.Count < MaxTold && !toldBefore.Contains(FingerprintOf(digest)) && told.Add(FingerprintOf(digest)))
                    pending.Add(digest);
            }

            isFull = pending.Count >= BatchDigests;
            if (wasEmpty && pending.Count > 0)
                timer.Change(delay, Timeout.InfiniteTimeSpan);
        }

        if (isFull)
            Tell();
    }

    /// <summary>Gives up what is being told.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (gate)
        {
            if (isStopped)
                return;
            isStopped = true;
            last = telling;
        }

        await timer.DisposeAsync();
        await stop.CancelAsync();
        if (last is not null)
            await last;
        stop.Dispose();
    }

    /// <summary>What is told now has ended.</summary>
    internal Task WhenToldAsync()
    {
        lock (gate)
            return telling ?? Task.CompletedTask;
    }

    /// <summary>Forgets what was told more than an hour ago. To be called with the lock held.</summary>
    private void Turn()
    {
        TimeSpan age = time.GetElapsedTime(toldSince);
        if (age < interval)
            return;
        (told, toldBefore) = ([], age < 2 * interval ? told : []);
        toldSince = time.GetTimestamp();
    }

    private void Tell()
    {
        lock (gate)
        {
            if (isStopped || telling is not null || pending.Count == 0)
                return;
            List<Digest> batch = pending;
            pending = [];
            telling = Task.Run(() => TellAsync(batch));
        }
    }

    private async Task TellAsync(List<Digest> batch)
    {
        try
        {
            IReadOnlyCollection<Digest> lost = await slow.FindMissingAsync(batch, stop.Token);
            foreach (Digest digest in lost)
                replicator?.Enqueue(digest, fast, slow);
        }
        catch (Exception exception) when (exception is CasException or OperationCanceledException)
        {
            lock (gate)
                told.ExceptWith(batch.ConvertAll(digest => FingerprintOf(digest))); // the next use is told
        }
        finally
        {
            lock (gate)
            {
                telling = null;
                if (pending.Count > 0 && !isStopped)
                    timer.Change(delay, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private static ulong FingerprintOf(in Digest digest) =>
        BinaryPrimitives.ReadUInt64LittleEndian(digest.HashSpan) ^ ((ulong)digest.Instance.GetHashCode() << 32) ^ (uint)digest.Function;
}
