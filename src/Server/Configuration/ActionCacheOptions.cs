namespace RemoteExec.Server.Configuration;

/// <summary>The action cache.</summary>
internal sealed record ActionCacheOptions : IOptions
{
    /// <summary>The store; without one, segments in the data directory, bounded by <c>maxSize</c>.</summary>
    public StoreReference? Store { get; init; }

    /// <summary>Whether a result is hidden once one of its outputs has left the CAS. Turn it off only if the CAS never forgets.</summary>
    public bool Complete { get; init; } = true;

    /// <summary>Whether clients may store results. Turn it off where only what this server executed itself is to be trusted.</summary>
    public bool Updates { get; init; } = true;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
