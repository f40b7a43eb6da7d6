namespace RemoteExec.Server.Api.Stores;

/// <summary>A store, with what it is made of. What a kind of store does not have, or does not know, is null; counts are since the server was started.</summary>
internal sealed record StoreView
{
    /// <summary>Its name, or its place in the configuration if it has none.</summary>
    public required string Name { get; init; }

    /// <summary>Its kind, as in the configuration.</summary>
    public required string Kind { get; init; }

    /// <summary>Where it keeps things: a directory, a bucket, a server.</summary>
    public string? Where { get; init; }

    /// <summary>Blobs that were to be read and were there.</summary>
    public required long Hits { get; init; }

    /// <summary>Blobs that were to be read and were not there.</summary>
    public required long Misses { get; init; }

    /// <summary>Blobs that it was asked whether it has, and had.</summary>
    public required long Present { get; init; }

    /// <summary>Blobs that it was asked whether it has, and had not.</summary>
    public required long Absent { get; init; }

    /// <summary>What it takes, in bytes; of a store on disk with what is garbage.</summary>
    public long? SizeBytes { get; init; }

    /// <summary>What it may take now: its setting, or less while others fill the disk.</summary>
    public long? LimitBytes { get; init; }

    /// <summary>Blobs that it has, or digests that it remembers.</summary>
    public long? Entries { get; init; }

    /// <summary>Blobs that it has dropped to make room.</summary>
    public long? EvictedBlobs { get; init; }

    /// <summary>How long that was not used that was dropped last: what is older is gone. Null before the first.</summary>
    public double? EvictionAgeSeconds { get; init; }

    /// <summary>What was kept for builds under way when room was made last.</summary>
    public long? KeptBytes { get; init; }

    /// <summary>Values that one of its parts lacks and is going to be given.</summary>
    public long? PendingCopies { get; init; }

    /// <summary>Values that were written while the first store was away, and that it has yet to be given.</summary>
    public long? Owed { get; init; }

    /// <summary>What waits to be uploaded.</summary>
    public BacklogView? Backlog { get; init; }

    /// <summary>Whether what is behind it can be reached, if it knows.</summary>
    public ReachView? Reach { get; init; }

    /// <summary>The stores that it is made of.</summary>
    public required IReadOnlyList<StorePart> Parts { get; init; }
}

/// <summary>A store that is part of another.</summary>
/// <param name="Role">What it is there: <c>fast</c>, <c>slow</c>, a node's name.</param>
/// <param name="State">Of a node of a shard, whether it is <c>active</c>, <c>joining</c> or <c>draining</c>.</param>
/// <param name="Reach">Whether it can be reached, if that is watched.</param>
/// <param name="Store">The store.</param>
internal sealed record StorePart(string Role, string? State, ReachView? Reach, StoreView Store);

/// <summary>Whether something can be reached.</summary>
/// <param name="IsInReach">False if the last attempt failed.</param>
/// <param name="Since">When that became so.</param>
/// <param name="Problem">What is wrong, if that is known.</param>
internal sealed record ReachView(bool IsInReach, DateTimeOffset Since, string? Problem);

/// <summary>What waits on the local disk to be uploaded to a bucket.</summary>
/// <param name="Blobs">How many blobs.</param>
/// <param name="Bytes">How many bytes, with what is being written.</param>
/// <param name="LimitBytes">How many bytes may wait; then writes are refused.</param>
/// <param name="AgeSeconds">How long that has waited that has waited for longest; null if nothing waits.</param>
internal sealed record BacklogView(long Blobs, long Bytes, long LimitBytes, double? AgeSeconds);
