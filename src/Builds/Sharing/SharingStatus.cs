namespace RemoteExec.Builds.Sharing;

/// <summary>How sharing goes, with the servers that have the same Redis.</summary>
public sealed record SharingStatus
{
    /// <summary>What is wrong with Redis; null if nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>When others were last asked what they have told; null if that never went well since the server was started.</summary>
    public DateTimeOffset? LastHeard { get; init; }

    /// <summary>Batches that wait for Redis.</summary>
    public required long Waiting { get; init; }

    /// <summary>Batches of this server that others will not see, since it was started: too many waited for Redis.</summary>
    public required long Dropped { get; init; }

    /// <summary>Batches of others that were gone before this server read them, since it was started: it, or Redis, was away for too long.</summary>
    public required long Missed { get; init; }

    /// <summary>Batches of others, or parts of them, that were passed over since the server was started, as another version has written them.</summary>
    public required long Unknown { get; init; }
}
