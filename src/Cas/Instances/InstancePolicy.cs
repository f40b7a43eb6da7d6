namespace RemoteExec.Cas.Instances;

/// <summary>What clients may do in an instance.</summary>
public sealed record InstancePolicy
{
    /// <summary>True if they may neither upload nor execute anything.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>True if they may store results of actions.</summary>
    public bool ActionCacheUpdate { get; init; } = true;
}
