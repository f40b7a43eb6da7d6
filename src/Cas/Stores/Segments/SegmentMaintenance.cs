using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The background work of a store: makes room for the next segment before a writer has to wait for it, also when others fill the disk, gives back space that was reserved
/// in vain, and writes checkpoints. Runs when it is woken, ends when it is disposed.
/// </summary>
internal sealed class SegmentMaintenance : IAsyncDisposable
{
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stopping = new();
    private readonly SegmentLog log;
    private readonly SegmentEvictor evictor;
    private readonly CheckpointWriter checkpoints;
    private readonly ILogger logger;
    private readonly ITimer? timer;
    private readonly Task running;

    /// <summary>Starts it.</summary>
    /// <param name="log">The log.</param>
    /// <param name="evictor">Makes room.</param>
    /// <param name="checkpoints">Writes checkpoints.</param>
    /// <param name="isWatching">True to look at the disk even while nothing is written.</param>
    /// <param name="logger">Is told what fails.</param>
    /// <param name="time">The clock.</param>
    public SegmentMaintenance(SegmentLog log, SegmentEvictor evictor, CheckpointWriter checkpoints, bool isWatching, ILogger logger, TimeProvider time)
    {
        this.log = log;
        this.evictor = evictor;
        this.checkpoints = checkpoints;
        this.logger = logger;
        running = Task.Run(RunAsync);
        if (isWatching)
            timer = time.CreateTimer(_ => Wake(), null, Interval, Interval);
    }

    /// <summary>How often it looks at the disk by itself.</summary>
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Lets it see what there is to do.</summary>
    public void Wake() => wakes.Writer.TryWrite(true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (timer is not null)
            await timer.DisposeAsync();
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            await foreach (bool _ in wakes.Reader.ReadAllAsync(stopping.Token))
            {
                try
                {
                    log.GiveBackSpace();
                    evictor.LookAtDisk();
                    if (!log.HasRoomFor(log.SegmentBytes))
                        await evictor.MakeRoomAsync(log.SegmentBytes, isUrgent: false, stopping.Token);
                    if (checkpoints.IsDue)
                        await checkpoints.WriteAsync(stopping.Token);
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CasException)
                {
                    // Writers meet the same fault and report it to their callers; the next wake tries again.
                    CasLog.MaintenanceFailed(logger, fault);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }
}
