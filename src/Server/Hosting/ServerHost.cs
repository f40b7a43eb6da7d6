using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Hosting.Systemd;

namespace RemoteExec.Server.Hosting;

/// <summary>The listeners and what they serve. Started once, stopped once.</summary>
internal sealed class ServerHost : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly TimeSpan patience;

    private ServerHost(WebApplication application, TimeSpan patience, IReadOnlyList<Listener> bound)
    {
        this.application = application;
        this.patience = patience;
        Listeners = bound;
    }

    /// <summary>The listeners with the addresses that are really listened on: a port 0 has become a real one.</summary>
    public IReadOnlyList<Listener> Listeners { get; }

    /// <summary>Starts listening; when this returns, calls are served.</summary>
    /// <exception cref="StartupException">An address can't be had.</exception>
    public static async Task<ServerHost> StartAsync(ServerHostOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        // The empty builder reads no appsettings.json and no ASPNETCORE_ variables: ours is the only configuration. Nor does it need a working directory, which
        // may be gone, or closed to the server's user.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var bound = new List<(Listener Listener, ListenOptions Options)>();
        builder.WebHost.UseKestrelCore();
        if (options.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (options.Gate is { } gate)
                KestrelHttp2.Configure(kestrel, gate.Limits, gate.Memory.Bytes);
            else
                KestrelHttp2.Configure(kestrel);
            foreach (Listener listener in options.Listeners)
                Listen(kestrel, listener, options, listen => bound.Add((listener, listen)));
        });
        using var inherited = new InheritedSockets();
        builder.Services.Configure<SocketTransportOptions>(sockets => sockets.CreateBoundListenSocket = new ListenSockets(options.Listeners, inherited).Bind);
        builder.Services.AddRpcTransportMemory(time, options.Gate?.Memory);
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();

        WebApplication application = builder.Build();
        ILogger logger = loggers.CreateLogger("RemoteExec.Rpc");
        var open = new RpcEndpoints(options.Services, options.Rpc, logger, time);
        RpcServerOptions workerRpc = options.WorkerRpc ?? options.Rpc;
        RpcEndpoints workers = WorkersBehind(options.WorkerGate is null ? null : options.WorkerGate.InvokeOfThisMachineAsync), enrolled = WorkersBehind(options.WorkerGate is null ? null : options.WorkerGate.InvokeAsync);
        application.Use((context, next) => context.Features.Get<Listener>() switch
        {
            // Nothing but these services, over whatever version of HTTP: what is mapped for others can write results of actions.
            { Kind: ListenerKind.Workers, Address: var address } => (address.SocketPath is null ? enrolled : workers).InvokeAsync(context),
            _ => RpcEndpoints.IsRpc(context) ? open.InvokeAsync(context) : next(context),
        });
        if (options.Gate is not null)
            new HttpLimits(options.Gate).Map(application);
        options.MapHttp?.Invoke(application);

        RpcEndpoints WorkersBehind(RpcInterceptor? gate) =>
            new(options.WorkerServices, gate is null ? workerRpc : workerRpc with { Interceptors = [gate, .. workerRpc.Interceptors] }, logger, time);

        try
        {
            await application.StartAsync(cancellationToken);
            inherited.RequireAllTaken();
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }

        return new ServerHost(application, options.Patience, [.. bound.Select(pair => pair.Listener with { Address = Actual(pair.Listener, pair.Options) })]);
    }

    /// <summary>Stops accepting, waits for the calls under way as long as the options allow, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(patience);
        await application.StopAsync(limit.Token);
        await application.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, Listener listener, ServerHostOptions options, Action<ListenOptions> remember)
    {
        if (listener.Address.SocketPath is { } path)
            kestrel.ListenUnixSocket(path, Configure);
        else
            kestrel.Listen(listener.Address.EndPoint!, Configure);

        void Configure(ListenOptions listen)
        {
            listen.Protocols = listener.Kind == ListenerKind.Http ? HttpProtocols.Http1 : HttpProtocols.Http2;
            options.Gate?.Guard(listen); // before TLS: handshakes count
            // Whoever serves the connection can tell from this where it came in.
            listen.Use(next => connection =>
            {
                connection.Features.Set(listener);
                return next(connection);
            });
            if (options.Certificate is { } certificate && listener.Address.SocketPath is null)
                listen.UseHttps(https => Secure(https, certificate));
            remember(listen);
        }

        void Secure(HttpsConnectionAdapterOptions https, ServerCertificate certificate)
        {
            (https.ServerCertificate, https.ServerCertificateChain) = (certificate.Leaf, certificate.Chain);
            if (!options.AsksForCertificates && (listener.Kind != ListenerKind.Workers || options.WorkerGate is not { AsksForCertificates: true }))
                return;
            // Whoever shows a bad one, or none, is to read what is wrong with it, and a failed handshake does not tell: the gate judges.
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        }
    }

    private static ListenAddress Actual(Listener listener, ListenOptions options) =>
        listener.Address.SocketPath is null ? ListenAddress.Of((IPEndPoint)options.EndPoint) : listener.Address;

    /// <summary>The command line handles signals itself.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
