using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// The reads of a slow tier that fill the fast one: one for each value, whoever asks for it meanwhile, and thousands of small ones at a time. A read of a value that is being written goes to the slow tier alone, and so does one
/// that would need more memory than all may have.
/// </summary>
/// <param name="name">The name in errors.</param>
/// <param name="fast">The fast tier.</param>
/// <param name="slow">The slow tier.</param>
internal sealed class TierFills(string name, IBlobStore fast, IBlobStore slow) : IAsyncDisposable
{
    private const long MaxWindows = 64L * TierFill.WindowBytes;
    private const int LeastBytes = 4 * 1024; // what a fill takes besides
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<Digest, TierFill> fills = []; // by WithoutSize
    private readonly HashSet<TierFill> running = [];
    private readonly Dictionary<Digest, int> writing = [];
    private long windows; // the bytes that running fills have in memory at most

    /// <summary>Opens a value of the slow tier at its start; null if it is absent there.</summary>
    public async ValueTask<BlobReader?> OpenAsync(Digest digest, CancellationToken cancellationToken)
    {
        bool isFirst = false;
        TierFill? fill = null;
        TierFillReader? reader = null;
        lock (gate)
        {
            Digest key = digest.WithoutSize();
            if (!writing.ContainsKey(key) && !fills.TryGetValue(key, out fill) && windows + WindowOf(digest) <= MaxWindows)
            {
                isFirst = true;
                fill = new TierFill(digest, fast, slow, Ended);
                fills.Add(key, fill);
                running.Add(fill);
                windows += WindowOf(digest);
            }

            if (fill is not null && fill.Digest == digest)
                reader = fill.Attach(name);
        }

        if (isFirst)
            fill!.Start();
        if (reader is null)
            return await slow.OpenReadAsync(digest, 0, cancellationToken);
        try
        {
            if (await reader.OpenAsync(cancellationToken))
                return reader;
        }
        catch (Exception) when (!isFirst && !cancellationToken.IsCancellationRequested)
        {
            // Another caller's read failed; what this one is told comes from its own.
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }

        await reader.DisposeAsync();
        return isFirst ? null : await slow.OpenReadAsync(digest, 0, cancellationToken);
    }

    /// <summary>
    /// To be called before a value is committed to the tiers: until <see cref="EndWrite"/> it is not filled in, and what was being filled in, which may be an older value, is not committed after this returns.
    /// </summary>
    public async ValueTask BeginWriteAsync(Digest digest)
    {
        Digest key = digest.WithoutSize();
        TierFill? fill;
        lock (gate)
        {
            writing[key] = writing.GetValueOrDefault(key) + 1;
            fills.Remove(key, out fill);
        }

        if (fill is not null && !fill.TryForbidCommit())
            await fill.Completion;
    }

    /// <summary>Ends what <see cref="BeginWriteAsync"/> began.</summary>
    public void EndWrite(Digest digest)
    {
        Digest key = digest.WithoutSize();
        lock (gate)
        {
            if (--writing[key] == 0)
                writing.Remove(key);
        }
    }

    /// <summary>What is being filled in now has ended.</summary>
    public Task WhenIdleAsync()
    {
        lock (gate)
            return Task.WhenAll(running.Select(fill => fill.Completion));
    }

    /// <summary>Gives up what is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        Task end = WhenIdleAsync();
        lock (gate)
        {
            foreach (TierFill fill in running)
                fill.Cancel();
        }

        await end;
    }

    private static long WindowOf(Digest digest) => LeastBytes + (digest.HasSize ? Math.Min(digest.SizeBytes, TierFill.WindowBytes) : TierFill.WindowBytes);

    private void Ended(TierFill fill)
    {
        lock (gate)
        {
            running.Remove(fill);
            windows -= WindowOf(fill.Digest);
            if (fills.TryGetValue(fill.Digest.WithoutSize(), out TierFill? current) && current == fill)
                fills.Remove(fill.Digest.WithoutSize());
        }
    }
}
