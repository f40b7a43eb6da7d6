using Microsoft.Extensions.Logging;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Hosting;

/// <summary>Opens the stores that the options describe, each named one once. Disposing closes them, what was opened last first.</summary>
/// <param name="named">The stores that references by name lead to.</param>
/// <param name="builds">What they use is kept.</param>
/// <param name="percent">How much of each store may be kept for them.</param>
/// <param name="minFree">What stores leave free of their disks.</param>
/// <param name="loggers">For the stores' logs.</param>
/// <param name="time">The clock.</param>
internal sealed class StoreTree(
    IReadOnlyDictionary<string, StoreReference> named, LiveBuilds builds, int percent, StoreSize minFree, ILoggerFactory loggers, TimeProvider time) : IAsyncDisposable
{
    private readonly StoreGraph graph = new(named);
    private readonly Dictionary<(string Name, StoreUse Use), IBlobStore> opened = [];
    private readonly Stack<IAsyncDisposable> closing = [];
    private readonly Dictionary<IBlobStore, OpenedStore> described = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Place, OpenedStore Store)> roots = [];
    private readonly StoreMetrics metrics = new();
    private readonly StoreCounters counters = new();
    private readonly SegmentMetrics segmentMetrics = new();

    /// <summary>What the parts of a store are called that it watches.</summary>
    public const string Slow = "slow", First = "first";

    /// <summary>The stores that were asked for, by the labels with which they were.</summary>
    public IReadOnlyList<(string Place, OpenedStore Store)> Roots => roots;

    /// <summary>True once a store was opened that is another server, which may be out of reach while others are not.</summary>
    public bool HasRemote { get; private set; }

    /// <summary>True once a store of results was opened that is in Redis: without it builds are to go on.</summary>
    public bool HasResultsInRedis { get; private set; }

    /// <summary>True once a store was opened that may call blobs missing, or be out of reach, that it has again later.</summary>
    public bool MissesForNow { get; private set; }

    /// <summary>Opens a store, and all that it is made of.</summary>
    /// <param name="reference">A name, or what the store is; checked before by the configuration.</param>
    /// <param name="use">What it is for.</param>
    /// <param name="label">What messages to people call the store if it has no name.</param>
    /// <param name="cancellationToken">Gives up opening.</param>
    /// <exception cref="StartupException">It can't be opened.</exception>
    public async Task<IBlobStore> OpenAsync(StoreReference reference, StoreUse use, string label, CancellationToken cancellationToken)
    {
        IBlobStore store = await OpenPartAsync(reference, use, label, cancellationToken);
        roots.Add((label, described[store]));
        return store;
    }

    private async Task<IBlobStore> OpenPartAsync(StoreReference reference, StoreUse use, string label, CancellationToken cancellationToken)
    {
        if (reference.Options is { } options)
            return await OpenAsync(options, use, label, cancellationToken);
        string name = reference.Name!;
        if (!opened.TryGetValue((name, use), out IBlobStore? store))
            opened[(name, use)] = store = await OpenPartAsync(named[name], use, name, cancellationToken);
        return store;
    }

    /// <summary>Whether a store keeps any value under any whole digest.</summary>
    public bool KeepsAnyValue(StoreReference reference) => graph.KeepsAnyValue(reference);

    /// <summary>Closes every store.</summary>
    public async ValueTask DisposeAsync()
    {
        while (closing.TryPop(out IAsyncDisposable? store))
            await store.DisposeAsync();
        metrics.Dispose();
        counters.Dispose();
        segmentMetrics.Dispose();
    }

    private async Task<IBlobStore> OpenAsync(StoreOptions options, StoreUse use, string label, CancellationToken cancellationToken)
    {
        // The parts of a store are called after it and what they are in it, unless they have names.
        List<(string Role, OpenedStore Store)> parts = [];

        async Task<IBlobStore> PartAsync(StoreReference? part, string role)
        {
            IBlobStore opened = await OpenPartAsync(part!, use, $"{label}.{role}", cancellationToken);
            parts.Add((role, described[opened]));
            return opened;
        }

        IBlobStore store = options switch
        {
            SegmentsOptions segments => await OpenSegmentsAsync(segments, label, cancellationToken),
            MemoryOptions memory => new MemoryStore(memory.MaxBytes.Bytes),
            RemoteOptions remote => OpenRemote(remote, use, label),
            S3Options s3 => await OpenS3Async(s3, label, cancellationToken),
            FastSlowOptions tiers => await OpenFastSlowAsync(tiers, label, PartAsync),
            ShardOptions shard => await OpenShardAsync(shard, label, PartAsync),
            MirrorOptions mirror => await OpenMirrorAsync(mirror, label, PartAsync),
            ReadOnlyOptions readOnly => new ReadOnlyStore(label, await PartAsync(readOnly.Store, "store")),
            SizeSplitOptions split => new SizeSplitStore(await PartAsync(split.Small, "small"), await PartAsync(split.Large, "large"), split.Limit.Bytes),
            ExistenceCacheOptions cache => new ExistenceCacheStore(await PartAsync(cache.Store, "store"), cache.Ttl, cache.MaxEntries, time),
            VerifyOptions verify => new VerifiedReadStore(await PartAsync(verify.Store, "store")),
            RetryOptions retry => new RetryStore(await PartAsync(retry.Store, "store"), retry.Attempts, retry.Pause, time),
            MeterOptions meter => new MeteredStore(meter.Name ?? meter.Store!.Name ?? label, await PartAsync(meter.Store, "store"), metrics, time),
            RedisOptions redis => OpenRedis(redis, use, label),
            FallbackOptions fallback => Close(new FallbackStore(label, await PartAsync(fallback.First, First), await PartAsync(fallback.Then, "then"), loggers.CreateLogger<FallbackStore>(), time)),
            _ => throw new InvalidOperationException($"{options.GetType().Name} is in the table of kinds but is not opened here"),
        };
        var counted = new CountedStore(store);
        counters.Watch(label, use == StoreUse.Blobs ? "cas" : "ac", counted);
        described.Add(counted, new OpenedStore(label, use, options, counted, store, parts));
        return counted;
    }

    private async Task<FastSlowStore> OpenFastSlowAsync(FastSlowOptions options, string label, Func<StoreReference?, string, Task<IBlobStore>> partAsync) => Close(new FastSlowStore(
        await partAsync(options.Fast, "fast"),
        await partAsync(options.Slow, Slow),
        new FastSlowStoreOptions { Name = label, SlowWrites = options.SlowWrites, SlowDown = options.SlowDown, Timeout = graph.TimeoutOf(options) },
        loggers.CreateLogger<FastSlowStore>(),
        time));

    private async Task<ShardStore> OpenShardAsync(ShardOptions options, string label, Func<StoreReference?, string, Task<IBlobStore>> partAsync)
    {
        List<ShardNode> nodes = [];
        foreach (ShardNodeOptions node in options.Nodes)
            nodes.Add(new ShardNode(node.Name, await partAsync(node.Store, node.Name), node.Weight, node.State));
        return Close(new ShardStore(label, nodes, options.Handoff, graph.TimeoutOf(options), loggers.CreateLogger<ShardStore>(), time));
    }

    private async Task<MirrorStore> OpenMirrorAsync(MirrorOptions options, string label, Func<StoreReference?, string, Task<IBlobStore>> partAsync)
    {
        List<(string Name, IBlobStore Store)> members = [];
        foreach (StoreReference member in options.Stores)
        {
            string role = $"{members.Count + 1}";
            members.Add((member.Name ?? role, await partAsync(member, role)));
        }

        return Close(new MirrorStore(label, members, graph.TimeoutOf(options), loggers.CreateLogger<MirrorStore>(), time));
    }

    /// <summary>Has a store closed before those that it is made of.</summary>
    private T Close<T>(T store)
        where T : IAsyncDisposable
    {
        closing.Push(store);
        return store;
    }

    private RedisStore OpenRedis(RedisOptions options, StoreUse use, string label)
    {
        HasResultsInRedis |= use == StoreUse.Results;
        return Close(RedisStores.Open(options, label, loggers, time));
    }

    private SingleFlightStore OpenRemote(RemoteOptions options, StoreUse use, string label)
    {
        InstanceName? instance = options.Instance is { } name ? InstanceName.Parse(name) : null;
        // It is for a client that this server is asked: what its builds do is written down here.
        var channel = new RpcChannel(RpcAddress.Parse(options.Url), new RpcChannelOptions
        {
            Headers = new RpcMetadata { { LocalClient.ForwardedHeader, "1" } },
            Authorization = options.TokenFile is { } file ? ShownToken.In(file, $"tokenFile of store '{label}'", loggers.CreateLogger<RemoteStore>(), time) : null,
            Ssl = options.CaFile is { } roots ? TrustedRoots.In(roots, $"caFile of store '{label}'") : null,
        });
        closing.Push(channel);
        HasRemote = MissesForNow = true;
        return new SingleFlightStore(use == StoreUse.Blobs
            ? new RemoteStore(channel, options.Patience, time, instance)
            : new RemoteResultStore(channel, options.Patience, time, instance));
    }

    private async Task<IBlobStore> OpenS3Async(S3Options options, string label, CancellationToken cancellationToken)
    {
        S3Store store = await S3StoreOpening.OpenAsync(options, label, loggers, time, cancellationToken);
        closing.Push(store);
        MissesForNow = true; // after the loss of its directory, until it knows all that the bucket has
        return store;
    }

    private async Task<IBlobStore> OpenSegmentsAsync(SegmentsOptions options, string label, CancellationToken cancellationToken)
    {
        try
        {
            string path = Path.GetFullPath(options.Path);
            var settings = new SegmentStoreOptions
            {
                Name = label,
                Path = path,
                MaxBytes = options.MaxBytes.Resolve(path),
                MinFreeBytes = minFree.Resolve(path),
                BuildsPercent = percent,
                Durability = options.Durability,
                Compression = options.Compression,
            };
            if (settings.Validate().FirstOrDefault() is { } problem)
                throw new StartupException($"store '{label}': {problem}; change --max-size, or the settings of the store");
            SegmentStore store = await SegmentStore.OpenAsync(settings, builds, loggers.CreateLogger<SegmentStore>(), time, cancellationToken);
            closing.Push(store);
            segmentMetrics.Watch(label, store);
            return store;
        }
        catch (Exception exception) when (exception is CasException or IOException or UnauthorizedAccessException)
        {
            string reason = exception switch
            {
                StoreUnavailableException { InnerException: { } cause } => IoReason.Of(cause),
                CasException => exception.Message,
                _ => IoReason.Of(exception),
            };
            throw new StartupException($"store '{label}' can't be opened: {reason} (choose another place with --data, or path of the store)", exception);
        }
    }
}
