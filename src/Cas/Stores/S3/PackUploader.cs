using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The work between the spool and the bucket: seals the open pack when its time has come, uploads what is sealed, several packs at a time, and lets the presence know. A pack
/// whose upload fails rests, longer and longer, and is taken up again for as long as the store is open; the others go on meanwhile, slowly while nothing succeeds.
/// </summary>
internal sealed class PackUploader : IAsyncDisposable
{
    private const int Uploads = 4; // at a time
    private static readonly TimeSpan tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan longestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan lastPatience = TimeSpan.FromSeconds(30); // for the uploads at the end

    private readonly S3StoreOptions options;
    private readonly Spool spool;
    private readonly Bucket bucket;
    private readonly IPresence presence;
    private readonly S3Metrics metrics;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly Lock gate = new(); // guards what rests
    private readonly PriorityQueue<SpoolPack, DateTimeOffset> resting = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly CancellationTokenSource giveUp = new();
    private readonly Task sealing;
    private readonly Task[] uploading;
    private int underWay;
    private int failing; // 1 from a failure to the next success: each is told once

    /// <summary>Starts it.</summary>
    public PackUploader(S3StoreOptions options, Spool spool, Bucket bucket, IPresence presence, S3Metrics metrics, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.spool = spool;
        this.bucket = bucket;
        this.presence = presence;
        this.metrics = metrics;
        this.logger = logger;
        this.time = time;
        sealing = Task.Run(SealAsync);
        uploading = [.. Enumerable.Range(0, Uploads).Select(_ => Task.Run(UploadAsync))];
    }

    /// <summary>Somebody waits for what was appended last: it is sealed at once, unless an upload is under way; then when that has ended, together with what comes meanwhile.</summary>
    public async ValueTask HastenAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref underWay) == 0)
            await spool.SealAsync(static pack => pack.IsAwaited, cancellationToken);
    }

    /// <summary>Seals what is open, uploads what can be uploaded without delay, and ends. The rest waits for the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await sealing;
        giveUp.CancelAfter(lastPatience);
        try
        {
            await spool.CloseAsync(seal: true);
        }
        catch (CasException fault)
        {
            CasLog.PackNotSealed(logger, fault, options.Name);
        }

        await Task.WhenAll(uploading);
        try
        {
            spool.Flush(); // what could not be uploaded
        }
        catch (IOException fault)
        {
            CasLog.PackNotSealed(logger, fault, options.Name);
        }

        stopping.Dispose();
        giveUp.Dispose();
    }

    /// <summary>Ends at once, as a kill would.</summary>
    public async ValueTask AbandonAsync()
    {
        await giveUp.CancelAsync();
        await stopping.CancelAsync();
        await spool.CloseAsync(seal: false);
        await sealing;
        await Task.WhenAll(uploading);
    }

    private async Task SealAsync()
    {
        using var timer = new PeriodicTimer(tick, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
            {
                Wake();
                try
                {
                    spool.Flush();
                    await spool.SealAsync(spool.IsComplete, stopping.Token);
                }
                catch (Exception fault) when (fault is CasException or IOException)
                {
                    CasLog.PackNotSealed(logger, fault, options.Name);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to end.
        }
    }

    private async Task UploadAsync()
    {
        TimeSpan pause = tick;
        try
        {
            await foreach (SpoolPack pack in spool.Sealed.ReadAllAsync(giveUp.Token))
            {
                Interlocked.Increment(ref underWay);
                try
                {
                    if (await TryUploadAsync(pack))
                    {
                        pause = tick;
                    }
                    else
                    {
                        await PauseAsync(pause);
                        pause = Longer(pause);
                    }
                }
                finally
                {
                    Interlocked.Decrement(ref underWay);
                }

                await HastenNextAsync();
            }
        }
        catch (OperationCanceledException) when (giveUp.IsCancellationRequested)
        {
            // What is left is uploaded at the next start.
        }
    }

    private async Task HastenNextAsync()
    {
        try
        {
            await spool.SealAsync(static pack => pack.IsAwaited, giveUp.Token);
        }
        catch (CasException fault)
        {
            CasLog.PackNotSealed(logger, fault, options.Name); // each tick tries again
        }
    }

    private async Task<bool> TryUploadAsync(SpoolPack pack)
    {
        try
        {
            IReadOnlyList<PackEntry> entries = spool.ReadManifest(pack);
            if (!presence.IsCertain)
                throw new StoreUnavailableException(options.Name, new IOException("it is not known yet what the bucket has, as Redis is, or was, out of reach"));
            spool.Flush(pack);
            await bucket.PutFileAsync(pack.Name.Key, pack.Path, giveUp.Token);
            await presence.AddAsync(pack.Name, pack.Length, entries, giveUp.Token);
            spool.Remove(pack, entries);
            metrics.Uploaded(pack.Length);
            if (Interlocked.Exchange(ref failing, 0) != 0)
                CasLog.UploadsGoOn(logger, options.Name);
            return true;
        }
        catch (Exception fault) when (fault is CasException or IOException or UnauthorizedAccessException)
        {
            metrics.UploadFailed();
            if (Interlocked.Exchange(ref failing, 1) == 0)
                CasLog.UploadFailed(logger, options.Name, spool.Backlog, fault.Message);
            LetRest(pack);
            return false;
        }
    }

    // It may be the pack that fails, which the disk can't read, or the bucket: whoever uploads is free for others, but not at once.
    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, time, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The others get their last chance.
        }
    }

    private void LetRest(SpoolPack pack)
    {
        pack.Rest = pack.Rest == TimeSpan.Zero ? tick : Longer(pack.Rest);
        lock (gate)
            resting.Enqueue(pack, time.GetUtcNow() + pack.Rest);
    }

    private void Wake()
    {
        lock (gate)
        {
            while (resting.TryPeek(out SpoolPack? pack, out DateTimeOffset due) && due <= time.GetUtcNow())
            {
                resting.Dequeue();
                spool.Requeue(pack);
            }
        }
    }

    private static TimeSpan Longer(TimeSpan pause) => 2 * pause < longestPause ? 2 * pause : longestPause;
}
