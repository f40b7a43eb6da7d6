using Microsoft.Extensions.Logging;
using RemoteExec.Cas;
using RemoteExec.Rpc.Client;
using RemoteExec.Worker;

namespace RemoteExec.Server.Hosting;

/// <summary>The worker inside the server: speaks the worker protocol over a private socket like any other, but has the CAS at hand.</summary>
internal sealed class LocalWorker : IAsyncDisposable
{
    private readonly RpcChannel scheduler;
    private readonly CancellationTokenSource stopping = new();
    private readonly Meters meters = new();

    /// <summary>Starts it.</summary>
    /// <param name="options">The worker's options.</param>
    /// <param name="cas">The blobs.</param>
    /// <param name="unverified">The same without verification.</param>
    /// <param name="socket">Where the worker queue listens.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="time">Its clock.</param>
    public LocalWorker(WorkerOptions options, IBlobStore cas, IBlobStore unverified, string socket, ILoggerFactory loggers, TimeProvider time)
    {
        scheduler = new RpcChannel(RpcAddress.Parse($"unix:{socket}"));
        var loop = new WorkerLoop(options, cas, scheduler, loggers.CreateLogger<WorkerLoop>(), time) { HashedOutputs = unverified, Meters = meters.Factory };
        Completion = Task.Run(() => loop.RunAsync(stopping.Token));
    }

    /// <summary>Ends when the worker does: after disposing, or earlier with the reason why it can't go on.</summary>
    public Task Completion { get; }

    /// <summary>Lets what runs end, or hands it back, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // whoever watches Completion knows of a failure
        meters.Dispose();
        stopping.Dispose();
        await scheduler.DisposeAsync();
    }
}
