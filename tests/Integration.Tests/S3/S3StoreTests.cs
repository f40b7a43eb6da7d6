using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>What the store asks of its bucket, and what it does when the bucket is away or not as it was.</summary>
public sealed class S3StoreTests(S3Gateway gateway) : IAsyncLifetime
{
    private S3TestBucket bucket = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => bucket = await S3TestBucket.CreateAsync(gateway);

    public async ValueTask DisposeAsync()
    {
        if (bucket is not null)
            await bucket.DisposeAsync();
    }

    [Fact]
    public async Task A_thousand_small_actions_take_few_requests_and_nothing_is_ever_asked()
    {
        // Of each action: itself, its command, two directories, an output.
        TestBlob[] blobs = [.. Enumerable.Range(0, 5000).Select(i => TestBlob.Random(i, i % 5 == 4 ? 900 : 150))];
        Digest[] digests = [.. blobs.Select(blob => blob.Digest)];
        S3StoreOptions options = bucket.Options() with { PackBytes = 64 << 20, LargeBytes = 8 << 20 };

        await using (S3Store store = await bucket.OpenAsync(options))
        {
            await Parallel.ForEachAsync(blobs.Chunk(5), Token, async (action, token) =>
            {
                foreach (Digest digest in await store.FindMissingAsync([.. action.Select(blob => blob.Digest)], token))
                    await store.WriteAllAsync(digest, action.First(blob => blob.Digest == digest).Content, token);
            });
            await store.Maintenance.Reconciled.WaitAsync(Token);
        }

        Assert.InRange(bucket.Relay.Requests.Count, 1, 20);
        bucket.Relay.Clear();
        await using (S3Store store = await bucket.OpenAsync(options))
        {
            Assert.Empty(await store.FindMissingAsync(digests, Token));
            await Parallel.ForEachAsync(blobs, Token, async (blob, token) => Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, token)));
            await store.Maintenance.Reconciled.WaitAsync(Token);
        }

        Assert.InRange(bucket.Relay.Requests.Count, 1, 20);
        Assert.Equal(0, bucket.Relay.Count("HEAD"));
    }

    [Fact]
    public async Task Objects_that_others_delete_make_their_blobs_missing()
    {
        TestBlob[] blobs = [TestBlob.Random(1, 100), TestBlob.Random(2, 200), TestBlob.Random(3, 3 << 20)];
        await WriteAsync(bucket.Options(), blobs);
        await using S3Store store = await bucket.OpenAsync();
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await bucket.DeleteAsync(await bucket.PacksAsync());

        Assert.Null(await store.ReadAllAsync(blobs[0].Digest, 1 << 20, Token));
        Assert.Null(await store.ReadAllAsync(blobs[2].Digest, 8 << 20, Token));

        Assert.Equal(blobs.Select(blob => blob.Digest), await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await store.WriteAllAsync(blobs[0].Digest, blobs[0].Content, Token);
        Assert.Equal(blobs[0].Content, await store.ReadAllAsync(blobs[0].Digest, 1 << 20, Token));
    }

    [Fact]
    public async Task Objects_that_others_delete_are_noticed_without_a_read()
    {
        TestBlob[] blobs = [TestBlob.Random(1, 100), TestBlob.Random(2, 200)];
        await WriteAsync(bucket.Options(), blobs);
        await using S3Store store = await bucket.OpenAsync();
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await bucket.DeleteAsync(await bucket.PacksAsync());

        await store.Maintenance.TendAsync(Token);

        Assert.Equal(2, (await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token)).Count);
    }

    [Fact]
    public async Task A_long_value_that_is_deleted_while_it_is_read_ends_in_an_error()
    {
        TestBlob blob = TestBlob.Random(1, 12 << 20);
        await WriteAsync(bucket.Options(), [blob]);
        await using S3Store store = await bucket.OpenAsync();
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);
        await bucket.DeleteAsync(await bucket.PacksAsync());
        await bucket.Relay.TakeDownAsync();
        bucket.Relay.TakeUp();

        await Assert.ThrowsAsync<BlobCorruptException>(async () => await reader.ReadAllAsync(blob.Digest, 16 << 20, Token));

        Assert.Single(await store.FindMissingAsync([blob.Digest], Token));
    }

    [Fact]
    public async Task A_long_read_goes_on_where_its_connection_broke()
    {
        TestBlob blob = TestBlob.Random(1, 12 << 20);
        await WriteAsync(bucket.Options(), [blob]);
        await using S3Store store = await bucket.OpenAsync();
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
        Assert.NotNull(reader);
        var head = new byte[1000];
        Assert.Equal(1000, await reader.ReadAsync(head, Token));
        await bucket.Relay.TakeDownAsync();
        bucket.Relay.TakeUp();

        byte[] content = new byte[blob.Content.Length];
        head.CopyTo(content, 0);
        for (int filled = 1000; filled < content.Length;)
            filled += await reader.ReadAsync(content.AsMemory(filled), Token);

        Assert.Equal(blob.Content, content);
    }

    [Fact]
    public async Task While_the_bucket_is_away_writes_go_on_until_the_backlog_is_full()
    {
        await using S3Store store = await bucket.OpenAsync(bucket.Options() with { PackBytes = 1 << 20, LargeBytes = 512 << 10, MaxBacklog = 2 << 20 });
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await bucket.Relay.TakeDownAsync();
        TestBlob[] blobs = [.. Enumerable.Range(0, 7).Select(i => TestBlob.Random(i, 250_000))];
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        await Assert.ThrowsAsync<StoreFullException>(async () => await store.OpenWriteAsync(TestBlob.Random(99, 400_000).Digest, 400_000, Token));

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1 << 20, Token));
        bucket.Relay.TakeUp();
    }

    [Fact]
    public async Task What_waited_is_uploaded_when_the_bucket_is_back()
    {
        var time = new ManualTimeProvider();
        TestBlob blob = TestBlob.Random(1, 3 << 20);
        await using S3Store store = await bucket.OpenAsync(time: time);
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await bucket.Relay.TakeDownAsync();
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        bucket.Relay.TakeUp();

        while (store.Spool.Backlog > 0)
        {
            time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        Assert.Single(await bucket.PacksAsync());
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 4 << 20, Token));
    }

    [Fact]
    public async Task What_was_acknowledged_by_the_bucket_survives_the_node()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 200).Select(i => TestBlob.Random(i, 500)), TestBlob.Random(999, 3 << 20)];
        S3Store store = await bucket.OpenAsync(bucket.Options("a") with { Acknowledge = S3Acknowledgement.S3 });
        await store.Maintenance.Reconciled.WaitAsync(Token);
        bucket.Relay.Clear();
        await Task.WhenAll(blobs.Select(async blob => await store.WriteAllAsync(blob.Digest, blob.Content, Token)));
        Assert.InRange(bucket.Relay.Count("PUT"), 2, 100); // shared, though how many come together is not certain

        await store.AbandonAsync();
        await using S3Store other = await bucket.OpenAsync(bucket.Options("b") with { TakeOver = true });
        await other.Maintenance.Reconciled.WaitAsync(Token);

        Assert.Empty(await other.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
    }

    [Fact]
    public async Task What_waits_for_the_bucket_is_not_visible_before()
    {
        TestBlob blob = TestBlob.Random(1, 500);
        await using S3Store store = await bucket.OpenAsync(bucket.Options() with { Acknowledge = S3Acknowledgement.S3 });
        await store.Maintenance.Reconciled.WaitAsync(Token);
        await bucket.Relay.TakeDownAsync();

        Task writing = store.WriteAllAsync(blob.Digest, blob.Content, Token).AsTask();
        Assert.Single(await store.FindMissingAsync([blob.Digest], Token));
        Assert.False(writing.IsCompleted);

        bucket.Relay.TakeUp();
        await writing;
        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
    }

    [Fact]
    public async Task However_many_read_a_window_it_is_read_once()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 100).Select(i => TestBlob.Random(i, 500))];
        await WriteAsync(bucket.Options(), blobs);
        await using S3Store store = await bucket.OpenAsync();
        await store.Maintenance.Reconciled.WaitAsync(Token);
        bucket.Relay.Clear();

        await Task.WhenAll(blobs.Select(async blob => Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 1000, Token))));

        Assert.Single(bucket.Relay.Requests, request => request.Contains("packs/", StringComparison.Ordinal));
    }

    private async Task WriteAsync(S3StoreOptions options, IEnumerable<TestBlob> blobs)
    {
        await using S3Store store = await bucket.OpenAsync(options);
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
    }
}
