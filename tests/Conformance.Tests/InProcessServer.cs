using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Conformance.Tests;

/// <summary>The real server over a real socket of this machine, with the services a test gives it.</summary>
internal sealed class InProcessServer : IAsyncDisposable
{
    private readonly ServerHostOptions options;
    private readonly TimeProvider time;
    private ServerHost host;

    private InProcessServer(ServerHost host, ServerHostOptions options, TimeProvider time)
    {
        this.host = host;
        this.options = options with { Listeners = host.Listeners };
        this.time = time;
        Channel = new RpcChannel(RpcAddress.Parse(Address.ToString()));
    }

    /// <summary>A channel to the server; closed with it.</summary>
    public RpcChannel Channel { get; }

    /// <summary>The server's address, <c>http://…</c>.</summary>
    public Uri Address => new($"http://{host.Listeners[0].Address}");

    /// <summary>Starts a server on a free port.</summary>
    public static Task<InProcessServer> StartAsync(params IEnumerable<RpcService> services) => StartAsync(services, new RpcServerOptions(), TimeProvider.System);

    /// <summary>Starts a server on a free port, with options and a clock.</summary>
    public static async Task<InProcessServer> StartAsync(IEnumerable<RpcService> services, RpcServerOptions options, TimeProvider time)
    {
        var hosting = new ServerHostOptions
        {
            Listeners = [new Listener(ListenerKind.Grpc, ListenAddress.Parse("127.0.0.1:0"), "--grpc")],
            Services = [.. services],
            Rpc = options,
            Patience = TimeSpan.Zero,
        };
        return new InProcessServer(await StartAsync(hosting, time), hosting, time);
    }

    /// <summary>Breaks every connection and listens no more.</summary>
    public ValueTask StopAsync() => host.DisposeAsync();

    /// <summary>Listens again, at the same address.</summary>
    public async Task StartAgainAsync(params IEnumerable<RpcService> services) => host = await StartAsync(options with { Services = [.. services] }, time);

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await host.DisposeAsync();
    }

    private static Task<ServerHost> StartAsync(ServerHostOptions options, TimeProvider time) =>
        ServerHost.StartAsync(options, NullLoggerFactory.Instance, time, TestContext.Current.CancellationToken);
}
