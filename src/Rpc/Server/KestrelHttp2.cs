using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using RemoteExec.Rpc.Server.Memory;

namespace RemoteExec.Rpc.Server;

/// <summary>Kestrel's settings for gRPC: windows, limits and memory as bulk transfers need them (measured; Kestrel's defaults are made for web pages).</summary>
public static class KestrelHttp2
{
    private const int StreamWindow = 8 * 1024 * 1024;
    private const int ConnectionWindow = 16 * 1024 * 1024;
    private const int StreamsPerConnection = 1000;

    /// <summary>Applies the settings to a server.</summary>
    public static void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.AllowAlternateSchemes = true; // a proxy in front that ends TLS passes "https" on
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxConcurrentConnections = null;
        options.Limits.MaxResponseBufferSize = 1024 * 1024; // for each stream: a message of bulk data under way while the next is read
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.InitialStreamWindowSize = StreamWindow;
        options.Limits.Http2.InitialConnectionWindowSize = ConnectionWindow;
        options.Limits.Http2.MaxFrameSize = 64 * 1024;
        options.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        options.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(30);
    }

    /// <summary>Gives Kestrel memory in blocks of 64 KiB, given back to the runtime when the load falls.</summary>
    public static IServiceCollection AddRpcTransportMemory(this IServiceCollection services, TimeProvider time) =>
        services.AddSingleton<IMemoryPoolFactory<byte>>(new BlockPoolFactory(time));
}
