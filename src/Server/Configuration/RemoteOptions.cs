using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Configuration;

/// <summary>Another REAPI server: as the store of the CAS, its CAS; as that of the action cache, its action cache.</summary>
internal sealed record RemoteOptions : StoreOptions
{
    /// <summary>The server: <c>grpc://host:port</c>, <c>grpcs://host:port</c> for TLS, or <c>unix:/path</c>.</summary>
    public string Url { get; init; } = "";

    /// <summary>The instance there, for whatever instance here; without it, instances have the same names there.</summary>
    public string? Instance { get; init; }

    /// <summary>A file with the token to show there, on its first line, for example one of role <c>node</c>; read again when it changes. What callers may do here is decided here.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The authorities that are trusted instead of those of the system, a PEM file, for <c>grpcs://</c>.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// How long it is waited for when it is out of reach, as it is while it starts again, before calls fail. Less, or 0s, where something else can answer: in a shard, in a mirror, behind a
    /// fast store.
    /// </summary>
    public TimeSpan Patience { get; init; } = RemoteStore.DefaultPatience;

    /// <inheritdoc/>
    public override bool KeepsAnyValue => false;

    /// <inheritdoc/>
    public override bool CanKeepResults => true;

    /// <inheritdoc/>
    public override bool SeparatesUses => true;

    /// <inheritdoc/>
    public override IEnumerable<OptionProblem> Validate()
    {
        if (!RpcAddress.TryParse(Url, out RpcAddress? address, out string? error))
            yield return new(nameof(Url), error);
        if (Instance is not null && !InstanceName.TryParse(Instance, out _, out string? badName))
            yield return new(nameof(Instance), badName);
        if (CaFile is not null && address is not null && address.BaseUri.Scheme != "https")
            yield return new(nameof(CaFile), $"is of no use without TLS: write grpcs:// instead of {Url}");
        if (Patience < TimeSpan.Zero)
            yield return new(nameof(Patience), "must not be negative");
    }
}
