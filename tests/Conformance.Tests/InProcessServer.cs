using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Conformance.Tests;

/// <summary>The real server over a real socket of this machine, with the services a test gives it.</summary>
internal sealed class InProcessServer : IAsyncDisposable
{
    private readonly ServerHost host;

    private InProcessServer(ServerHost host)
    {
        this.host = host;
        Channel = new RpcChannel(RpcAddress.Parse(Address.ToString()));
    }

    /// <summary>A channel to the server; closed with it.</summary>
    public RpcChannel Channel { get; }

    /// <summary>The server's address, <c>http://…</c>.</summary>
    public Uri Address => new($"http://{host.Listeners[0].Address}");

    /// <summary>Starts a server on a free port.</summary>
    public static Task<InProcessServer> StartAsync(params IEnumerable<RpcService> services) => StartAsync(services, new RpcServerOptions(), TimeProvider.System);

    /// <summary>Starts a server on a free port, with options and a clock.</summary>
    public static async Task<InProcessServer> StartAsync(IEnumerable<RpcService> services, RpcServerOptions options, TimeProvider time) =>
        new(await ServerHost.StartAsync(
            new ServerHostOptions
            {
                Listeners = [new Listener(ListenerKind.Grpc, ListenAddress.Parse("127.0.0.1:0"), "--grpc")],
                Services = [.. services],
                Rpc = options,
            },
            NullLoggerFactory.Instance, time, TestContext.Current.CancellationToken));

    public async ValueTask DisposeAsync()
    {
        await Channel.DisposeAsync();
        await host.DisposeAsync();
    }
}
