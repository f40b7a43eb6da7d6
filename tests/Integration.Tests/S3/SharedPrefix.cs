using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>A bucket, a Redis, and links between it and nodes that share a prefix; their clock stands still until a test moves it.</summary>
internal sealed class SharedPrefix : IAsyncDisposable
{
    private readonly Dictionary<string, FaultyLink> links = [];

    private SharedPrefix(S3TestBucket bucket, RedisServer redis) => (Bucket, Redis) = (bucket, redis);

    public S3TestBucket Bucket { get; }

    public RedisServer Redis { get; }

    public ManualTimeProvider Time { get; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<SharedPrefix> CreateAsync(S3Gateway gateway)
    {
        S3TestBucket bucket = await S3TestBucket.CreateAsync(gateway);
        return new SharedPrefix(bucket, await RedisServer.StartAsync());
    }

    /// <summary>The way of a node to Redis.</summary>
    public FaultyLink LinkOf(string node)
    {
        if (!links.TryGetValue(node, out FaultyLink? link))
            links[node] = link = FaultyLink.Start(Redis.Endpoint);
        return link;
    }

    /// <summary>The settings of a node: small packs, and a write ends when its blob is in the bucket.</summary>
    public S3StoreOptions Options(string node) => Bucket.Options(node) with
    {
        PackBytes = 256 << 10,
        LargeBytes = 128 << 10,
        MaxBacklog = 64 << 20,
        Acknowledge = S3Acknowledgement.S3,
        UnusedFor = TimeSpan.FromHours(3),
        Shared = new S3Sharing { Redis = new RedisConnectionOptions { Endpoints = [LinkOf(node).Address.ToString()] }, KeyPrefix = "t:" },
    };

    /// <summary>Opens a node, and waits until it knows all that the bucket has.</summary>
    public async Task<S3Store> OpenAsync(string node, S3StoreOptions? options = null)
    {
        S3Store store = await Bucket.OpenAsync(options ?? Options(node), Time);
        await store.Maintenance.Reconciled.WaitAsync(Token);
        return store;
    }

    /// <summary>Every node tells what it has to tell, and then hears what the others said.</summary>
    public static async Task SyncAsync(params IEnumerable<S3Store> nodes)
    {
        S3Store[] all = [.. nodes];
        foreach (S3Store node in (IEnumerable<S3Store>)[.. all, .. all])
            await SyncAsync(node);
    }

    /// <summary>A round of one node, as soon as its Redis lets it.</summary>
    public static Task SyncAsync(S3Store node) => RedisFixture.UntilAsync(async () =>
    {
        await node.Feed!.SyncAsync(Token);
        return true;
    });

    /// <summary>A round of what a node does once an hour.</summary>
    public static Task TendAsync(S3Store node) => RedisFixture.UntilAsync(async () =>
    {
        await node.Maintenance.TendAsync(Token);
        return true;
    });

    /// <summary>Time goes by, and the nodes follow the log meanwhile.</summary>
    public async Task PassAsync(TimeSpan time, params S3Store[] nodes)
    {
        for (TimeSpan step = TimeSpan.FromMinutes(20); time > TimeSpan.Zero; time -= step)
        {
            Time.Advance(time < step ? time : step);
            await SyncAsync(nodes);
        }
    }

    public static async Task WriteAsync(S3Store node, params IEnumerable<TestBlob> blobs) =>
        await Task.WhenAll(blobs.Select(async blob => await node.WriteAllAsync(blob.Digest, blob.Content, Token)));

    /// <summary>Those that a node does not say are missing; all of them can be read.</summary>
    public static async Task<IReadOnlyList<TestBlob>> FindAsync(S3Store node, params IEnumerable<TestBlob> blobs)
    {
        TestBlob[] all = [.. blobs];
        var missing = (await node.FindMissingAsync([.. all.Select(blob => blob.Digest)], Token)).ToHashSet();
        TestBlob[] present = [.. all.Where(blob => !missing.Contains(blob.Digest))];
        foreach (TestBlob blob in present)
            Assert.Equal(blob.Content, await node.ReadAllAsync(blob.Digest, 1 << 20, Token));
        return present;
    }

    public static TestBlob[] Blobs(int seed, int count) => [.. Enumerable.Range(seed, count).Select(i => TestBlob.Random(i, 10_000))];

    public async ValueTask DisposeAsync()
    {
        foreach (FaultyLink link in links.Values)
            await link.DisposeAsync();
        await Redis.DisposeAsync();
        await Bucket.DisposeAsync();
    }
}
