using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Rpc.Tests;

/// <summary>A real gRPC server in process, on a free port of loopback, with a channel to it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication application;
    private bool disposed;

    private TestServer(WebApplication application)
    {
        this.application = application;
        string url = application.Urls.First();
        Channel = new RpcChannel(RpcAddress.Parse(url.Replace("http://unix:", "unix:", StringComparison.Ordinal)));
    }

    public RpcChannel Channel { get; }

    public Uri Url => new(application.Urls.First());

    public static Task<TestServer> StartAsync(params IEnumerable<RpcService> services) => StartAsync(services, new RpcServerOptions());

    public static async Task<TestServer> StartAsync(
        IEnumerable<RpcService> services, RpcServerOptions options,
        Action<KestrelServerOptions>? listen = null, ILogger? logger = null, TimeProvider? time = null, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            if (listen is null)
                kestrel.Listen(IPAddress.Loopback, 0, endPoint => endPoint.Protocols = HttpProtocols.Http2);
            else
                listen(kestrel);
        });
        configure?.Invoke(builder);
        WebApplication application = builder.Build();
        var endpoints = new RpcEndpoints(
            services, options, logger ?? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, time ?? TimeProvider.System);
        application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        await application.StartAsync();
        return new TestServer(application);
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed)
            return;
        disposed = true;
        await Channel.DisposeAsync();
        await application.StopAsync();
        await application.DisposeAsync();
    }
}
