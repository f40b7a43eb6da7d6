using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using RemoteExec.Rpc.Server.Limits;
using RemoteExec.Rpc.Server.Memory;

namespace RemoteExec.Rpc.Server;

/// <summary>Kestrel's settings for gRPC: windows, limits and memory as bulk transfers need them (measured; Kestrel's defaults are made for web pages).</summary>
public static class KestrelHttp2
{
    private const int StreamWindow = 8 * 1024 * 1024;
    private const int LeastStreamWindow = 256 * 1024;
    private const int MostConnectionsOfWindows = 16; // that the budget has room for
    private const int HeaderBytes = 32 * 1024;
    private const int Headers = 100;
    private static readonly TimeSpan headersTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Applies the settings to a server that has memory for everything.</summary>
    public static void Configure(KestrelServerOptions options) => Configure(options, new ConnectionLimits(), long.MaxValue);

    /// <summary>Applies the settings to a server.</summary>
    /// <param name="options">The server's.</param>
    /// <param name="limits">What it bears.</param>
    /// <param name="memory">The budget of its calls.</param>
    public static void Configure(KestrelServerOptions options, ConnectionLimits limits, long memory)
    {
        int window = (int)Math.Clamp(memory / MostConnectionsOfWindows / 2, LeastStreamWindow, StreamWindow);
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytes;
        options.Limits.MaxRequestHeaderCount = Headers;
        options.Limits.RequestHeadersTimeout = limits.StallTime < headersTimeout ? limits.StallTime : headersTimeout;
        options.AddServerHeader = false;
        options.AllowAlternateSchemes = true; // a proxy in front that ends TLS passes "https" on
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxConcurrentConnections = null;
        options.Limits.MaxResponseBufferSize = 1024 * 1024; // for each stream: a message of bulk data under way while the next is read
        options.Limits.Http2.MaxStreamsPerConnection = limits.StreamsPerConnection;
        options.Limits.Http2.InitialStreamWindowSize = window;
        options.Limits.Http2.InitialConnectionWindowSize = 2 * window;
        options.Limits.Http2.MaxFrameSize = 64 * 1024;
        options.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        options.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(30);
    }

    /// <summary>Gives Kestrel memory in blocks of 64 KiB, given back to the runtime when the load falls.</summary>
    public static IServiceCollection AddRpcTransportMemory(this IServiceCollection services, TimeProvider time, MemoryBudget? budget = null) =>
        services.AddSingleton<IMemoryPoolFactory<byte>>(new BlockPoolFactory(time, budget));
}
