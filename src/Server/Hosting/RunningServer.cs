using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Services;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>A whole server, composed out of its options: stores, services, listeners and the worker. Started once; disposing drains and stops it.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> parts = [];
    private ServerHost? host;

    private RunningServer(string dataDirectory) => DataDirectory = dataDirectory;

    /// <summary>The listeners that clients may use, with the addresses that are really listened on.</summary>
    public IReadOnlyList<Listener> Listeners => host!.Listeners;

    /// <summary>Whether the TCP listeners speak TLS.</summary>
    public bool IsEncrypted { get; private set; }

    /// <summary>Whether actions can be executed.</summary>
    public bool IsExecutionOffered { get; private set; }

    /// <summary>How many actions the worker inside runs at a time.</summary>
    public int Slots { get; private set; }

    /// <summary>Where everything is kept.</summary>
    public string DataDirectory { get; }

    /// <summary>Starts a server; when this returns, calls are served.</summary>
    /// <exception cref="StartupException">Something outside of the server is in the way; the message tells what to change.</exception>
    public static async Task<RunningServer> StartAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var server = new RunningServer(DataDirectories.Prepare(options.Data));
        try
        {
            await server.ComposeAsync(options, loggers, time, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Drains and stops; what was composed last ends first.</summary>
    public async ValueTask DisposeAsync()
    {
        while (parts.TryPop(out IAsyncDisposable? part))
            await part.DisposeAsync();
    }

    private async Task ComposeAsync(ServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var health = new HealthService();
        List<RpcService> services = [health.ToRpcService()];
        services.AddRange(new ReflectionService(services.Select(service => service.Descriptor)).ToRpcServices());

        IsEncrypted = options.Listeners.Tls.Certificate is not null;
        host = await ServerHost.StartAsync(
            new ServerHostOptions
            {
                Listeners =
                [
                    .. options.Listeners.Grpc.Select(address => new Listener(ListenerKind.Grpc, address, "--grpc")),
                    .. options.Listeners.Http.Select(address => new Listener(ListenerKind.Http, address, "--http")),
                    .. options.Listeners.Workers.Select(address => new Listener(ListenerKind.Workers, address, "--worker-listen")),
                ],
                Services = services,
            },
            loggers, time, cancellationToken);
        parts.Push(host);
    }
}
