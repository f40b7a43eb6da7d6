using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Configuration;

/// <summary>Where other servers reach this one.</summary>
internal sealed record AdvertiseOptions : IOptions
{
    /// <summary>Its listener of clients, as <c>grpc://host:port</c> or <c>grpcs://host:port</c>. Without it, the first address in <c>listeners.grpc</c>, which must be one that others can reach.</summary>
    public string? Grpc { get; init; }

    /// <summary>Its listener of workers in the same way. Without it, the first address in <c>listeners.workers</c>.</summary>
    public string? Workers { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach ((string name, string? value) in new[] { (nameof(Grpc), Grpc), (nameof(Workers), Workers) })
        {
            if (value is not null && !RpcAddress.TryParse(value, out _, out string? error))
                yield return new(name, error);
        }
    }
}
