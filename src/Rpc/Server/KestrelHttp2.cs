using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace RemoteExec.Rpc.Server;

/// <summary>Kestrel's settings for gRPC: windows and limits as bulk transfers need them (measured; Kestrel's defaults are made for web pages).</summary>
public static class KestrelHttp2
{
    private const int StreamWindow = 8 * 1024 * 1024;
    private const int ConnectionWindow = 16 * 1024 * 1024;
    private const int StreamsPerConnection = 1000;

    /// <summary>Applies the settings to a server.</summary>
    public static void Configure(KestrelServerOptions options)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = null;
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxConcurrentConnections = null;
        options.Limits.MaxResponseBufferSize = 4 * 1024 * 1024;
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.InitialStreamWindowSize = StreamWindow;
        options.Limits.Http2.InitialConnectionWindowSize = ConnectionWindow;
        options.Limits.Http2.MaxFrameSize = 64 * 1024;
        options.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(60);
        options.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(30);
    }
}
