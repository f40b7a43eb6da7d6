using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Server.Hosting;

/// <summary>The listeners and what they serve. Started once, stopped once.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private readonly WebApplication application;

    private ServerHost(WebApplication application) => this.application = application;

    /// <summary>The addresses that are really listened on, <c>http://…</c>, in the order gRPC, HTTP.</summary>
    public IReadOnlyList<string> Addresses =>
        [.. application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Starts listening; when this returns, calls are served.</summary>
    public static async Task<ServerHost> StartAsync(
        ListenAddress grpc, ListenAddress? http, IEnumerable<RpcService> services, RpcServerOptions options,
        Action<WebApplication>? mapHttp, Action<ILoggingBuilder> configureLogging, TimeProvider time, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        configureLogging(builder.Logging);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            Listen(kestrel, grpc, HttpProtocols.Http2);
            if (http is not null)
                Listen(kestrel, http, HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        var endpoints = new RpcEndpoints(services, options, application.Services.GetRequiredService<ILoggerFactory>().CreateLogger("RemoteExec.Rpc"), time);
        application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        mapHttp?.Invoke(application);
        await application.StartAsync(cancellationToken);
        return new ServerHost(application);
    }

    /// <summary>Stops accepting, waits for the calls under way, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await application.StopAsync();
        await application.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, HttpProtocols protocols)
    {
        if (address.SocketPath is { } path)
            kestrel.ListenUnixSocket(path, listen => listen.Protocols = protocols);
        else
            kestrel.Listen(address.EndPoint!, listen => listen.Protocols = protocols);
    }
}
