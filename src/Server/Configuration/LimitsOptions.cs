using RemoteExec.Protocol;

namespace RemoteExec.Server.Configuration;

/// <summary>What clients may take of the server. docs/limits.md lists all limits, also those that are not settings.</summary>
internal sealed record LimitsOptions : IOptions
{
    /// <summary>How many connections there may be; further ones are closed at once. Without it, one for each 256 KiB of memory, and at most 10,000.</summary>
    public int? Connections { get; init; }

    /// <summary>How many of them may come from one address. Without it, a quarter; more is wanted where all clients come through one proxy.</summary>
    public int? ConnectionsPerAddress { get; init; }

    /// <summary>
    /// How long a client may let the server wait for the rest of a request, or for room to answer; then the call ends. Not how long calls may take: streams that tell of events may rest, and
    /// slow clients are those that move at all.
    /// </summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Quotas of tenants by instance name, which hold for the instances below as well, taken together; <c>""</c> is for all that have none. Who is above is slowed down, or told to come again:
    /// RESOURCE_EXHAUSTED, or 429 over HTTP.
    /// </summary>
    public IReadOnlyDictionary<string, TenantLimitOptions> Tenants { get; init; } = new Dictionary<string, TenantLimitOptions>();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach (string name in Tenants.Keys)
        {
            if (!InstanceName.TryParse(name, out _, out string? error))
                yield return new(nameof(Tenants), error);
        }

        if (Connections < 1)
            yield return new(nameof(Connections), "must be at least 1");
        if (ConnectionsPerAddress < 1)
            yield return new(nameof(ConnectionsPerAddress), "must be at least 1");
        if (StallTime <= TimeSpan.Zero)
            yield return new(nameof(StallTime), "must be positive");
    }
}
