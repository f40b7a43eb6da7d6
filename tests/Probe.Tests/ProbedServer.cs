using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Probe.Tests;

/// <summary>A server to try: the whole one, or one that was put together wrongly on purpose.</summary>
internal sealed class ProbedServer : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> parts = [];

    public RpcChannel Channel { get; private init; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A whole server, with settings as of <c>--set</c>.</summary>
    public static async Task<ProbedServer> StartAsync(params IEnumerable<string> settings)
    {
        var data = new TemporaryDirectory();
        ConfigLoader loader = new ConfigLoader().AddText("test", $"data: {data.FullPath}\nmaxSize: 512MiB\nlisteners: {{ grpc: 127.0.0.1:0, http: 127.0.0.1:0 }}\nworker: {{ slots: 1 }}\n");
        foreach (string setting in settings)
            loader.AddSetting(setting);
        RunningServer server = await RunningServer.StartAsync(loader.Load(), NullLoggerFactory.Instance, TimeProvider.System, Token);
        var probed = new ProbedServer { Channel = Connect(server.Listeners.First(listener => listener.Kind == ListenerKind.Grpc).Address) };
        probed.parts.AddRange([probed.Channel, server, new Disposal(data)]);
        return probed;
    }

    /// <summary>A CAS that believes what it is sent, has no empty blob unless somebody uploads it, and lies about its limits.</summary>
    public static async Task<ProbedServer> StartBrokenAsync()
    {
        var store = new ChunkedStore(new MemoryStore(256 * 1024 * 1024));
        var sessions = new UploadSessions(new UploadSessionsOptions(), TimeProvider.System);
        var limits = new CasLimits { MaxBatchTotalBytes = 12 * 1024 * 1024 };
        var hosting = new ServerHostOptions
        {
            Listeners = [new Listener(ListenerKind.Grpc, ListenAddress.Parse("127.0.0.1:0"), "--grpc")],
            Services =
            [
                new CasService(store, store, limits).ToRpcService(),
                new ByteStreamService(store, sessions, limits).ToRpcService(),
                new CapabilitiesService(new ServerFeatures { Limits = new CasLimits { MaxBatchTotalBytes = 1024 * 1024 } }).ToRpcService(),
            ],
            Patience = TimeSpan.Zero,
        };
        ServerHost host = await ServerHost.StartAsync(hosting, NullLoggerFactory.Instance, TimeProvider.System, Token);
        var probed = new ProbedServer { Channel = Connect(host.Listeners[0].Address) };
        probed.parts.AddRange([probed.Channel, host, sessions]);
        return probed;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable part in parts)
            await part.DisposeAsync();
    }

    private static RpcChannel Connect(ListenAddress address) => new(RpcAddress.Parse($"grpc://{address}"));

    private sealed class Disposal(IDisposable data) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            data.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
