using System.Net;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Tests.Server.Limits;

/// <summary>A server as strangers find it: its connections are guarded, and its memory has a bound.</summary>
internal sealed class GuardedServer : IAsyncDisposable
{
    private readonly TestServer server;

    private GuardedServer(TestServer server, ConnectionGate gate) => (this.server, Gate) = (server, gate);

    public ConnectionGate Gate { get; }

    public MemoryBudget Memory => Gate.Memory;

    public Uri Url => server.Url;

    public static async Task<GuardedServer> StartAsync(ConnectionLimits limits, long memory = 256 << 20, Func<string, MemoryUse>? useOf = null, params RpcService[] services)
    {
        var gate = new ConnectionGate(limits, new MemoryBudget(memory, TimeProvider.System), NullLogger.Instance, TimeProvider.System);
        services = services.Length > 0 ? services : [Methods.ServeUnary((_, _) => Task.FromResult(Serving))];
        TestServer server = await TestServer.StartAsync(
            services, new RpcServerOptions { UseOf = useOf ?? (_ => MemoryUse.LookUp) },
            kestrel =>
            {
                KestrelHttp2.Configure(kestrel, limits, memory);
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = HttpProtocols.Http2;
                    gate.Guard(listen);
                });
            },
            configure: builder => builder.Services.AddRpcTransportMemory(TimeProvider.System, gate.Memory));
        return new GuardedServer(server, gate);
    }

    public static HealthCheckResponse Serving { get; } = new() { Status = HealthCheckResponse.Types.ServingStatus.Serving };

    /// <summary>Fails unless another client is answered.</summary>
    public async Task AssertServesOthersAsync() => Assert.Equal(Serving, await server.Channel.CheckAsync());

    /// <summary>Waits until nothing is held for anybody but idle connections.</summary>
    public async Task WaitForMemoryAsync(long atMost = 4 << 20)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (Memory.Used > atMost)
        {
            Assert.False(patience.IsCancellationRequested, $"{Memory.Used} bytes are still held");
            await Task.Delay(20, Methods.Token);
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
