namespace RemoteExec.EndToEnd.Tests.Cluster;

/// <summary>What a cluster has besides its nodes.</summary>
[Flags]
internal enum FaultNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A bucket behind the nodes.</summary>
    Bucket = 1,

    /// <summary>One Redis server for results.</summary>
    Redis = 2,

    /// <summary>A Redis cluster for results.</summary>
    RedisCluster = 4,
}

/// <summary>A fault.</summary>
/// <param name="Name">What fails.</param>
/// <param name="Shards">How many shards the cluster has.</param>
/// <param name="Mirrors">How many nodes each of them has.</param>
/// <param name="Begin">Makes it fail.</param>
/// <param name="End">Ends the fault, as far as that is not left to the cluster.</param>
internal sealed record Fault(string Name, int Shards, int Mirrors, Func<FaultBed, Task> Begin, Func<FaultBed, Task> End)
{
    /// <summary>What the cluster has besides its nodes.</summary>
    public FaultNeeds Needs { get; init; }

    /// <summary>True if no blob may be lost by it.</summary>
    public bool KeepsBlobs { get; init; }

    /// <summary>True if no result may be lost by it either.</summary>
    public bool KeepsResults { get; init; }

    /// <summary>True if actions are executed; else the cluster is a cache only.</summary>
    public bool Executes { get; init; }

    /// <summary>All that are tried.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        Killed(executes: false),
        Killed(executes: true),
        new("one of three shards hangs", 3, 1, bed => bed.Cluster[1].FreezeAsync(), bed => bed.Cluster[1].ThawAsync()),
        MirrorKilled(executes: false),
        MirrorKilled(executes: true),
        new("one of two mirrors hangs", 1, 2, bed => bed.Cluster[0, 0].FreezeAsync(), bed => bed.Cluster[0, 0].ThawAsync()) { KeepsBlobs = true, KeepsResults = true },
        new("the bucket's service is down", 1, 1, bed => SetBucketAsync(bed, LinkState.Down), bed => SetBucketAsync(bed, LinkState.Up))
        {
            Needs = FaultNeeds.Bucket, KeepsBlobs = true, KeepsResults = true,
        },
        new("the bucket's service does not answer", 1, 1, bed => SetBucketAsync(bed, LinkState.Silent), bed => SetBucketAsync(bed, LinkState.Up))
        {
            Needs = FaultNeeds.Bucket, KeepsBlobs = true, KeepsResults = true, Executes = true,
        },
        new("Redis is killed, and comes back empty", 1, 1, bed => bed.Redis!.KillAsync(), bed => bed.Redis!.StartAgainAsync()) { Needs = FaultNeeds.Redis, KeepsBlobs = true },
        new("a primary of a Redis cluster is killed", 1, 1, bed => bed.KillRedisPrimaryAsync(), _ => Task.CompletedTask) { Needs = FaultNeeds.RedisCluster, KeepsBlobs = true, Executes = true },
        Half(executes: false),
        Half(executes: true),
    ];

    private static Fault Killed(bool executes) => new("one of three shards is killed", 3, 1, bed => bed.Cluster[1].KillAsync(), bed => bed.Cluster[1].StartAgainAsync()) { Executes = executes };

    private static Fault MirrorKilled(bool executes) => new("one of two mirrors is killed", 1, 2, bed => bed.Cluster[0, 1].KillAsync(), bed => bed.Cluster[0, 1].StartAgainAsync())
    {
        Executes = executes,
        KeepsBlobs = true,
        KeepsResults = true,
    };

    private static Fault Half(bool executes) => new(
        "half of each: a mirror of each of two shards, a Redis primary, the bucket's service", 2, 2,
        async bed =>
        {
            bed.Bucket!.Set(LinkState.Down);
            await Task.WhenAll(bed.Cluster[0, 0].KillAsync(), bed.Cluster[1, 1].KillAsync(), bed.KillRedisPrimaryAsync());
        },
        async bed =>
        {
            bed.Bucket!.Set(LinkState.Up);
            await Task.WhenAll(bed.Cluster[0, 0].StartAgainAsync(), bed.Cluster[1, 1].StartAgainAsync());
        })
    {
        Needs = FaultNeeds.Bucket | FaultNeeds.RedisCluster,
        KeepsBlobs = true,
        Executes = executes,
    };

    private static Task SetBucketAsync(FaultBed bed, LinkState state)
    {
        bed.Bucket!.Set(state);
        return Task.CompletedTask;
    }
}
