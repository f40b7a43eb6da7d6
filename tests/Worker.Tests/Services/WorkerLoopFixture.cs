using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Worker.Tests.Services;

/// <summary>A worker's slots, over a real connection to a scheduler whose answers the test gives, and with an executor whose actions end when the test says so.</summary>
public abstract class WorkerLoopFixture : IAsyncLifetime
{
    private protected HeldExecutor Executor { get; } = new();

    private protected CancellationTokenSource Stop { get; } = new();

    private protected FakeScheduler Scheduler { get; private set; } = null!;

    /// <summary>What was started last.</summary>
    private protected Task? Loop { get; set; }

    public async ValueTask InitializeAsync() => Scheduler = await FakeScheduler.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Stop.CancelAsync();
        Scheduler.End();
        if (Loop is not null)
            await Loop;
        await Scheduler.DisposeAsync();
        Stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the slots of a worker, which run until the end of the test.</summary>
    private protected void Start(Func<WorkerOptions, WorkerOptions>? change = null, TimeProvider? time = null, ILogger? logger = null, RpcChannel? channel = null)
    {
        WorkerOptions options = new() { Name = "worker", Slots = 1, GracePeriod = TimeSpan.Zero };
        options = change?.Invoke(options) ?? options;
        Loop = new WorkerLoop(options, new MemoryStore(1), channel ?? Scheduler.Channel, logger ?? NullLogger.Instance, time ?? TimeProvider.System).RunSlotsAsync(Executor, [], Stop.Token);
    }
}
