using System.Net.Security;

namespace RemoteExec.Execution.Availability;

/// <summary>How servers show each other who they are.</summary>
public sealed record PeerAccess
{
    /// <summary>Whom to trust where servers speak TLS, and what to show them; null for whom the system trusts.</summary>
    public SslClientAuthenticationOptions? Ssl { get; init; }

    /// <summary>The name in the certificates of the others; null for the host that they are reached at.</summary>
    public string? ServerName { get; init; }

    /// <summary>The value of the authorization header for the listener of workers; null to pass on what a worker has shown.</summary>
    public Func<string?>? WorkerAuthorization { get; init; }

    /// <summary>
    /// The value of the authorization header for the listener of clients, where callers are told apart: of this server, which says of each call for whom it is. Null to pass on what a client has shown.
    /// </summary>
    public Func<string?>? ClientAuthorization { get; init; }
}
