using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Configuration;

/// <summary>The CAS of another REAPI server; for blobs only, not for the action cache.</summary>
internal sealed record RemoteOptions : StoreOptions
{
    /// <summary>The server: <c>grpc://host:port</c>, <c>grpcs://host:port</c> for TLS, or <c>unix:/path</c>.</summary>
    public string Url { get; init; } = "";

    /// <inheritdoc/>
    public override bool KeepsAnyValue => false;

    /// <inheritdoc/>
    public override bool SeparatesUses => true;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (!RpcAddress.TryParse(Url, out _, out string? error))
            yield return new(nameof(Url), error);
    }
}
