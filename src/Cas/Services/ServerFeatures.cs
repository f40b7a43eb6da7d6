using RemoteExec.Cas.Instances;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Cas.Services;

/// <summary>What a server offers, as GetCapabilities tells it (CAP-01 to CAP-06). Only what is served may be claimed here.</summary>
public sealed record ServerFeatures
{
    /// <summary>True if the CAS and the action cache are served.</summary>
    public bool Cache { get; init; } = true;

    /// <summary>True if actions are executed.</summary>
    public bool Execution { get; init; }

    /// <summary>True if clients may update the action cache, in instances of which nothing else is said.</summary>
    public bool ActionCacheUpdate { get; init; } = true;

    /// <summary>What clients may do in instances for which special rules hold; null for none.</summary>
    public InstanceMap<InstancePolicy>? Instances { get; init; }

    /// <summary>The digest functions, the preferred one first; never empty.</summary>
    public IReadOnlyList<DigestFunction> DigestFunctions { get; init; } = Protocol.DigestFunctions.Supported;

    /// <summary>The limits of the CAS.</summary>
    public CasLimits Limits { get; init; } = new();

    /// <summary>The priorities that executions may have, inclusive, the most urgent first (CAP-05); null if they are not told apart.</summary>
    public (int Min, int Max)? ExecutionPriorities { get; init; }

    /// <summary>The priorities that cached results may have, inclusive, the longest kept first (CAP-05); null if they are not told apart.</summary>
    public (int Min, int Max)? CachePriorities { get; init; }

    /// <summary>The node properties that are kept on inputs and outputs (DIR-07).</summary>
    public IReadOnlyList<string> NodeProperties { get; init; } = [];

    /// <summary>True if symlinks may have absolute targets (SYM-02).</summary>
    public bool AbsoluteSymlinks { get; init; } = true;

    /// <summary>Knows what the caller may do.</summary>
    public AccessGuard Access { get; init; } = AccessGuard.Off;

    /// <summary>False if there are no instances but those for which special rules hold, and what is below them.</summary>
    public bool OtherInstances { get; init; } = true;

    /// <summary>What clients may do in an instance.</summary>
    /// <exception cref="InstanceUnknownException">There is no such instance.</exception>
    public InstancePolicy PolicyOf(InstanceName instance)
    {
        if (Instances is not null && Instances.TryFind(instance, out InstancePolicy? policy))
            return policy;
        return OtherInstances ? new InstancePolicy { ActionCacheUpdate = ActionCacheUpdate } : throw new InstanceUnknownException(instance);
    }

    /// <summary>True if clients may update the action cache of an instance.</summary>
    /// <exception cref="InstanceUnknownException">There is no such instance.</exception>
    public bool MayUpdate(InstanceName instance) => PolicyOf(instance) is { ActionCacheUpdate: true, IsReadOnly: false };
}
