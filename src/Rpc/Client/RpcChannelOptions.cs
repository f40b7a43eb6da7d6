using System.Net.Security;

namespace RemoteExec.Rpc.Client;

/// <summary>Settings of a channel.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>The longest response message in bytes.</summary>
    public int MaxResponseMessageBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long connecting may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After how long without a byte from the server it is asked for a sign of life, and for how long that is waited for. Without one, the connection's calls end with UNAVAILABLE.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Headers sent with every call.</summary>
    public RpcMetadata? Headers { get; init; }

    /// <summary>Asked before every call, in its flow, for the value of its authorization header, unless the call has one of its own; null, or an answer of null, for none.</summary>
    public Func<string?>? Authorization { get; init; }

    /// <summary>Asked before every call, in its flow, for headers of its own; null, or an answer of null, for none.</summary>
    public Func<RpcMetadata?>? MoreHeaders { get; init; }

    /// <summary>TLS settings for <c>https</c> and <c>grpcs</c> addresses; null for the platform's trust.</summary>
    public SslClientAuthenticationOptions? Ssl { get; init; }

    /// <summary>The name that is in the servers' certificates, where it is not the host of their address; requests name it as their host, too. Null for that host.</summary>
    public string? ServerName { get; init; }

    /// <summary>
    /// Asked before every call for settings in the place of <see cref="Ssl"/> that change, as certificates do which are renewed: after another answer than the one before calls go over new connections, and those under way end over the old
    /// ones. Null if nothing changes.
    /// </summary>
    public Func<SslClientAuthenticationOptions>? ChangingSsl { get; init; }
}
