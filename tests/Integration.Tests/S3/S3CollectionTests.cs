using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>What leaves the bucket, and what stays.</summary>
public sealed class S3CollectionTests(S3Gateway gateway) : IAsyncLifetime
{
    private readonly ManualTimeProvider time = new();
    private S3TestBucket bucket = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private S3StoreOptions Options => bucket.Options() with { PackBytes = 256 << 10, LargeBytes = 128 << 10, MaxBacklog = 64 << 20, UnusedFor = TimeSpan.FromHours(10) };

    public async ValueTask InitializeAsync() => bucket = await S3TestBucket.CreateAsync(gateway);

    public async ValueTask DisposeAsync()
    {
        if (bucket is not null)
            await bucket.DisposeAsync();
    }

    [Fact]
    public async Task What_nobody_used_for_long_leaves_and_its_packs_are_deleted()
    {
        TestBlob[] blobs = Blobs(0, 40);
        await WriteAsync(blobs);
        Assert.NotEmpty(await bucket.PacksAsync());
        await using S3Store store = await bucket.OpenAsync(Options, time);

        time.Advance(TimeSpan.FromHours(9));
        await TendAsync(store);
        Assert.Empty(await store.FindMissingAsync(Digests(blobs), Token));
        time.Advance(TimeSpan.FromHours(11));
        await TendAsync(store);

        Assert.Equal(Digests(blobs), await store.FindMissingAsync(Digests(blobs), Token));
        Assert.Empty(await bucket.PacksAsync());
    }

    [Fact]
    public async Task What_is_used_is_moved_when_its_neighbours_leave()
    {
        TestBlob[] blobs = Blobs(0, 100);
        TestBlob[] used = [.. blobs.Where((_, i) => i % 10 == 0)];
        await WriteAsync(blobs);
        IReadOnlyList<string> before = await bucket.PacksAsync();
        await using (S3Store store = await bucket.OpenAsync(Options, time))
        {
            for (int hour = 0; hour < 12; hour++)
            {
                time.Advance(TimeSpan.FromHours(1));
                Assert.Empty(await store.FindMissingAsync(Digests(used), Token));
            }

            await TendAsync(store);
            Assert.Equal(90, (await store.FindMissingAsync(Digests(blobs), Token)).Count);
        }

        await using S3Store again = await bucket.OpenAsync(Options, time);
        await TendAsync(again);

        Assert.Empty((await bucket.PacksAsync()).Intersect(before));
        foreach (TestBlob blob in used)
            Assert.Equal(blob.Content, await again.ReadAllAsync(blob.Digest, 1 << 20, Token));
    }

    [Fact]
    public async Task A_bucket_that_is_too_full_loses_the_least_recently_used_first()
    {
        TestBlob[] old = Blobs(0, 100), young = Blobs(1000, 60);
        await WriteAsync(old);
        time.Advance(TimeSpan.FromHours(5));
        await WriteAsync(young);
        time.Advance(TimeSpan.FromHours(5));

        await using S3Store store = await bucket.OpenAsync(Options with { MaxBytes = 1 << 20, UnusedFor = TimeSpan.Zero }, time);
        await TendAsync(store);

        Assert.Empty(await store.FindMissingAsync(Digests(young), Token));
        Assert.InRange((await store.FindMissingAsync(Digests(old), Token)).Count, 50, 100);
    }

    [Fact]
    public async Task What_was_used_lately_stays_however_full_the_bucket_is()
    {
        TestBlob[] blobs = Blobs(0, 150);
        await WriteAsync(blobs);

        await using S3Store store = await bucket.OpenAsync(Options with { MaxBytes = 1 << 20, UnusedFor = TimeSpan.Zero }, time);
        await TendAsync(store);

        Assert.Empty(await store.FindMissingAsync(Digests(blobs), Token));
    }

    [Fact]
    public async Task What_left_does_not_come_back_after_a_kill()
    {
        TestBlob[] blobs = Blobs(0, 40);
        await WriteAsync(blobs);
        S3Store killed = await bucket.OpenAsync(Options, time);
        time.Advance(TimeSpan.FromHours(11));
        await TendAsync(killed);
        await killed.AbandonAsync();
        await bucket.Relay.TakeDownAsync();

        S3Store store = await bucket.OpenAsync(Options, time);

        Assert.Equal(40, (await store.FindMissingAsync(Digests(blobs), Token)).Count);
        await store.AbandonAsync();
    }

    [Fact]
    public async Task Who_lost_the_prefix_deletes_nothing_there()
    {
        TestBlob[] blobs = Blobs(0, 40);
        await WriteAsync(blobs);
        await using S3Store former = await bucket.OpenAsync(Options, time);
        await using S3Store owner = await bucket.OpenAsync(Options with { Path = bucket.PathOf("b"), TakeOver = true, UnusedFor = TimeSpan.Zero }, time);
        await owner.Maintenance.Reconciled.WaitAsync(Token);

        time.Advance(TimeSpan.FromHours(11));
        await TendAsync(former);

        Assert.NotEmpty(await bucket.PacksAsync());
        Assert.Equal(blobs[0].Content, await owner.ReadAllAsync(blobs[0].Digest, 1 << 20, Token));
    }

    private static TestBlob[] Blobs(int seed, int count) => [.. Enumerable.Range(seed, count).Select(i => TestBlob.Random(i, 10_000))];

    private static Digest[] Digests(IEnumerable<TestBlob> blobs) => [.. blobs.Select(blob => blob.Digest)];

    private async Task WriteAsync(IEnumerable<TestBlob> blobs)
    {
        await using S3Store store = await bucket.OpenAsync(Options, time);
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
    }

    /// <summary>A few rounds: what one forgets the next one deletes.</summary>
    private static async Task TendAsync(S3Store store)
    {
        for (int round = 0; round < 3; round++)
            await store.Maintenance.TendAsync(Token);
    }
}
