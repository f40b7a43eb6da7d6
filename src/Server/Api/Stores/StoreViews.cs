using System.Text.Json;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Api.Stores;

/// <summary>Looks at stores, each of which says something else of itself.</summary>
internal static class StoreViews
{
    /// <summary>A store as it is now.</summary>
    public static StoreView Of(OpenedStore opened)
    {
        StoreCounts counts = opened.Counts.Counts;
        var view = new StoreView
        {
            Name = opened.Name,
            Kind = StoreKinds.All.First(kind => kind.Value == opened.Options.GetType()).Key,
            Where = WhereOf(opened.Options),
            Hits = counts.Hits,
            Misses = counts.Misses,
            Present = counts.Present,
            Absent = counts.Absent,
            Parts = [.. opened.Parts.Select((part, number) => new StorePart(part.Role, StateOf(opened.Options, number), ReachOf(opened, part.Role, number), Of(part.Store)))],
        };
        return opened.Store switch
        {
            SegmentStore store => Add(view, store.Statistics),
            MemoryStore store => Add(view, store.Statistics),
            S3Store store => Add(view, store.Statistics),
            ExistenceCacheStore store => view with { Entries = store.Entries },
            RedisStore store => view with { Reach = new ReachView(store.Status.Problem is null, store.Status.Since, store.Status.Problem) },
            ShardStore store => view with { PendingCopies = store.PendingCopies },
            MirrorStore store => view with { PendingCopies = store.PendingCopies },
            FastSlowStore store => view with { PendingCopies = store.PendingCopies },
            FallbackStore store => view with { Owed = store.Owed },
            _ => view,
        };
    }

    private static StoreView Add(StoreView view, SegmentStoreStatistics statistics) => view with
    {
        SizeBytes = statistics.DiskBytes,
        LimitBytes = statistics.BoundBytes,
        Entries = statistics.Blobs,
        EvictedBlobs = statistics.EvictedBlobs,
        EvictionAgeSeconds = statistics.EvictionAge?.TotalSeconds,
        KeptBytes = statistics.KeptBytes,
    };

    private static StoreView Add(StoreView view, MemoryStoreStatistics statistics) => view with
    {
        SizeBytes = statistics.Bytes,
        LimitBytes = statistics.MaxBytes,
        Entries = statistics.Blobs,
        EvictedBlobs = statistics.EvictedBlobs,
        EvictionAgeSeconds = statistics.EvictionAge?.TotalSeconds,
    };

    private static StoreView Add(StoreView view, S3StoreStatistics statistics) => view with
    {
        Entries = statistics.Blobs + statistics.BacklogBlobs,
        Backlog = new BacklogView(statistics.BacklogBlobs, statistics.BacklogBytes, statistics.MaxBacklogBytes, statistics.BacklogAge?.TotalSeconds),
    };

    private static ReachView? ReachOf(OpenedStore opened, string role, int number) => (opened.Store, role) switch
    {
        (ShardStore store, _) => ToView(store.Nodes[number]),
        (MirrorStore store, _) => ToView(store.Members[number]),
        (FastSlowStore store, StoreTree.Slow) => ToView(store.Slow),
        (FallbackStore store, StoreTree.First) => ToView(store.First),
        _ => null,
    };

    private static ReachView ToView(NodeStatus status) => new(status.IsInReach, status.Since, null);

    private static string? StateOf(StoreOptions options, int number) => options is ShardOptions shard ? JsonNamingPolicy.CamelCase.ConvertName(shard.Nodes[number].State.ToString()) : null;

    private static string? WhereOf(StoreOptions options) => options switch
    {
        SegmentsOptions segments => Path.GetFullPath(segments.Path),
        RemoteOptions { Instance: { Length: > 0 } instance } remote => $"{remote.Url}, instance {instance}",
        RemoteOptions remote => remote.Url,
        S3Options s3 => $"{s3.Bucket}/{s3.Prefix}",
        RedisOptions redis => string.Join(", ", redis.Endpoints),
        _ => null,
    };
}
