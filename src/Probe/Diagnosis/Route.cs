using System.Net.Security;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe.Diagnosis;

/// <summary>The way to a server that is examined.</summary>
public sealed record Route
{
    /// <summary>Where it is.</summary>
    public required RpcAddress Address { get; init; }

    /// <summary>Calls it, with what is shown to it.</summary>
    public required RpcChannel Channel { get; init; }

    /// <summary>Calls it without showing anything.</summary>
    public required RpcChannel Stranger { get; init; }

    /// <summary>Whom it is trusted by; null for the system's roots.</summary>
    public SslClientAuthenticationOptions? Trust { get; init; }

    /// <summary>True if a token or a certificate is shown.</summary>
    public bool ShowsCredentials { get; init; }

    /// <summary>The instance.</summary>
    public string Instance { get; init; } = "";

    internal bool IsEncrypted => Address.BaseUri.Scheme == "https";

    internal string Host => Address.BaseUri.IdnHost;

    internal int Port => Address.BaseUri.Port;
}
