using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache.Services;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Services;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

/// <summary>The action cache's services over real sockets: gRPC and HTTP/1.1, on one CAS and one tree of results, both in memory.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication application;

    private TestServer(WebApplication application, IBlobStore cas, IActionCache cache, RecordingLogger log)
    {
        Log = log;
        this.application = application;
        Cas = cas;
        Cache = cache;
        Grpc = new RpcChannel(RpcAddress.Parse(application.Urls.First()));
        Http = new HttpClient { BaseAddress = new Uri(application.Urls.Last()) };
    }

    public IBlobStore Cas { get; }

    public IActionCache Cache { get; }

    public RpcChannel Grpc { get; }

    public HttpClient Http { get; }

    /// <summary>What the framework logged from warnings on.</summary>
    public RecordingLogger Log { get; }

    public static async Task<TestServer> StartAsync(ServerFeatures? features = null, IBlobStore? backing = null, IBlobStore? results = null)
    {
        features ??= new ServerFeatures();
        results ??= new MemoryStore(64 * 1024 * 1024);
        var cas = new EmptyBlobStore(new VerifyingStore(backing ?? new MemoryStore(64 * 1024 * 1024)));
        var cache = new CompleteActionCache(new ActionCacheStore(results), cas);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        var log = new RecordingLogger();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        var endpoints = new RpcEndpoints(
            [new ActionCacheService(cache, cas, features).ToRpcService()], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        new HttpCacheEndpoints(cache, results, cas, features).Map(application);
        await application.StartAsync();
        return new TestServer(application, cas, cache, log);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Grpc.DisposeAsync();
        await application.StopAsync();
        await application.DisposeAsync();
    }
}
