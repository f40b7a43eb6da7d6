using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>What the store does by itself now and then, one thing after the other: compares its presence with the bucket, collects garbage, writes checkpoints.</summary>
internal sealed class S3Maintenance : IAsyncDisposable
{
    private static readonly TimeSpan tick = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan interval = TimeSpan.FromHours(1);

    private readonly S3StoreOptions options;
    private readonly LocalPresence presence;
    private readonly PrefixOwner owner;
    private readonly PackReconciler reconciler;
    private readonly PackCollector collector;
    private readonly PackFeed? feed;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly SemaphoreSlim rounds = new(1);
    private readonly CancellationTokenSource stopping = new();
    private readonly Task running;

    /// <summary>Starts it.</summary>
    public S3Maintenance(
        S3StoreOptions options, LocalPresence presence, PackReconciler reconciler, PackCollector collector, PackFeed? feed, PrefixOwner owner, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.presence = presence;
        this.owner = owner;
        this.reconciler = reconciler;
        this.collector = collector;
        this.feed = feed;
        this.logger = logger;
        this.time = time;
        running = Task.Run(RunAsync);
    }

    /// <summary>Ends when the presence was compared with the bucket for the first time.</summary>
    public Task Reconciled => reconciled.Task;

    private readonly TaskCompletionSource reconciled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Does a round now. True if there is more to do soon.</summary>
    /// <exception cref="CasException">The bucket can't be reached, or the disk failed.</exception>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task<bool> TendAsync(CancellationToken cancellationToken)
    {
        await rounds.WaitAsync(cancellationToken);
        try
        {
            int followed = feed is null ? 0 : await feed.SyncAsync(cancellationToken); // a pack that leaves, and still is in the bucket, must not be found
            IReadOnlySet<PackName> listed = await reconciler.RunAsync(collector.Leaving, cancellationToken);
            if (feed is not null)
                await feed.ListedAsync(followed, cancellationToken);
            reconciled.TrySetResult();
            if (await owner.IsOwnerAsync(cancellationToken))
                return await collector.RunAsync(listed, cancellationToken);
            CasLog.PrefixLost(logger, options.Name);
            return false;
        }
        finally
        {
            rounds.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        reconciled.TrySetCanceled();
        stopping.Dispose();
        rounds.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(tick, time);
        long last = 0;
        bool isDue = true;
        try
        {
            await (feed?.Attempted ?? Task.CompletedTask).WaitAsync(stopping.Token);
            do
            {
                try
                {
                    if (isDue || feed?.IsListingDue == true || time.GetElapsedTime(last) >= interval)
                    {
                        isDue = true;
                        isDue = await TendAsync(stopping.Token);
                        last = time.GetTimestamp();
                    }
                    else if (presence.IsCheckpointDue)
                    {
                        await presence.CheckpointAsync(stopping.Token);
                    }
                }
                catch (Exception fault) when (fault is CasException or IOException or UnauthorizedAccessException)
                {
                    CasLog.BucketNotTended(logger, options.Name, fault.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to end.
        }
    }
}
