using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// The background work of a store: makes room for the next segment before a writer has to wait for it, and writes checkpoints. Runs when it
/// is woken, ends when it is disposed.
/// </summary>
internal sealed class SegmentMaintenance : IAsyncDisposable
{
    private readonly Channel<bool> wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource stopping = new();
    private readonly SegmentLog log;
    private readonly SegmentEvictor evictor;
    private readonly CheckpointWriter checkpoints;
    private readonly ILogger logger;
    private readonly Task running;

    public SegmentMaintenance(SegmentLog log, SegmentEvictor evictor, CheckpointWriter checkpoints, ILogger logger)
    {
        this.log = log;
        this.evictor = evictor;
        this.checkpoints = checkpoints;
        this.logger = logger;
        running = Task.Run(RunAsync);
    }

    /// <summary>Lets it see what there is to do.</summary>
    public void Wake() => wakes.Writer.TryWrite(true);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
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
