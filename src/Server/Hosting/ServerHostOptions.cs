using Microsoft.AspNetCore.Builder;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Server.Limits;
using RemoteExec.Server.Auth;

namespace RemoteExec.Server.Hosting;

/// <summary>What a <see cref="ServerHost"/> serves, and where.</summary>
internal sealed record ServerHostOptions
{
    /// <summary>Where to listen.</summary>
    public required IReadOnlyList<Listener> Listeners { get; init; }

    /// <summary>The services on <see cref="ListenerKind.Grpc"/> listeners.</summary>
    public required IReadOnlyList<RpcService> Services { get; init; }

    /// <summary>The services on <see cref="ListenerKind.Workers"/> listeners, which offer nothing else.</summary>
    public IReadOnlyList<RpcService> WorkerServices { get; init; } = [];

    /// <summary>
    /// Who may call on <see cref="ListenerKind.Workers"/> listeners of TCP; null for everybody. UNIX sockets need no such thing: only the server's own user gets to them.
    /// </summary>
    public WorkerGate? WorkerGate { get; init; }

    /// <summary>Whether whoever connects over TLS is asked for a certificate, which he may have or not.</summary>
    public bool AsksForCertificates { get; init; }

    /// <summary>What counts connections, and what they hold; null for nothing.</summary>
    public ConnectionGate? Gate { get; init; }

    /// <summary>Limits and interceptors.</summary>
    public RpcServerOptions Rpc { get; init; } = new();

    /// <summary>The same for <see cref="ListenerKind.Workers"/> listeners; null for <see cref="Rpc"/>.</summary>
    public RpcServerOptions? WorkerRpc { get; init; }

    /// <summary>Maps what is served over HTTP/1.1.</summary>
    public Action<IApplicationBuilder>? MapHttp { get; init; }

    /// <summary>TLS for the TCP listeners; null for plain ones.</summary>
    public ServerCertificate? Certificate { get; init; }

    /// <summary>How long calls under way may take to end once the server stops.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);
}
