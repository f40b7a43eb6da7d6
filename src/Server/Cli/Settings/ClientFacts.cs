using RemoteExec.Probe;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Cli.Profiles;

namespace RemoteExec.Server.Cli.Settings;

/// <summary>What a client has to be told: how the server is reached, and what it offers to this caller.</summary>
/// <param name="Options">How the server is reached.</param>
/// <param name="Offer">What it offers.</param>
internal sealed record ClientFacts(ProfileOptions Options, Introduction Offer)
{
    /// <summary>The first of the server's gRPC addresses.</summary>
    public RpcAddress Address { get; } = RpcAddress.Parse(Options.Servers[0]);

    /// <summary>True if it is reached over TLS.</summary>
    public bool IsEncrypted => Address.BaseUri.Scheme == "https";

    /// <summary>Host and port.</summary>
    public string Authority => Address.BaseUri.Authority;

    /// <summary>The name of the header that carries the token.</summary>
    public string Header => Options.Header is { } own ? own : "Authorization";

    /// <summary>What comes before the token in that header.</summary>
    public string Scheme => Options.Header is null ? "Bearer " : "";
}
