using RemoteExec.Cas;
using RemoteExec.Cas.Stores.S3;
using RemoteExec.Protocol;

namespace RemoteExec.Integration.Tests.S3;

/// <summary>What a node finds again: after a stop, a kill, the loss of its disk.</summary>
public sealed class S3RecoveryTests(S3Gateway gateway) : IAsyncLifetime
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
    public async Task A_node_that_was_stopped_knows_everything_without_asking()
    {
        TestBlob[] blobs = Blobs(50);
        await WriteAsync(bucket.Options(), blobs);
        bucket.Relay.Clear();

        await using S3Store store = await bucket.OpenAsync();

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await AssertReadsAsync(store, blobs);
        Assert.Single(await bucket.PacksAsync());
    }

    [Theory]
    [InlineData(50)]
    [InlineData(3)]
    public async Task A_node_that_lost_its_disk_gets_everything_back_from_the_ends_of_packs(int blobsInPack)
    {
        TestBlob[] blobs = [.. Blobs(blobsInPack), TestBlob.Random(77, 3 << 20), TestBlob.Random(78, (6 << 20) + 5)];
        await WriteAsync(bucket.Options(), blobs);
        Directory.Delete(bucket.PathOf("a"), recursive: true);
        bucket.Relay.Clear();

        await using S3Store store = await bucket.OpenAsync(bucket.Options("b") with { TakeOver = true });
        await store.Maintenance.Reconciled.WaitAsync(Token);

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await AssertReadsAsync(store, blobs);
        Assert.Equal(0, bucket.Relay.Count("HEAD"));
    }

    [Fact]
    public async Task A_kill_loses_nothing_that_was_acknowledged()
    {
        TestBlob[] blobs = [.. Blobs(40), TestBlob.Random(77, 3 << 20)];
        S3Store killed = await bucket.OpenAsync(bucket.Options() with { SealAfter = TimeSpan.FromHours(1) });
        foreach (TestBlob blob in blobs)
            await killed.WriteAllAsync(blob.Digest, blob.Content, Token);
        BlobWriter unfinished = await killed.OpenWriteAsync(TestBlob.Random(99, 1 << 20).Digest, 1 << 20, Token);
        await unfinished.WriteAsync(new(new byte[1000]), Token);
        await killed.AbandonAsync();

        await using S3Store store = await bucket.OpenAsync();

        await AssertReadsAsync(store, blobs);
        Assert.Single(await store.FindMissingAsync([TestBlob.Random(99, 1 << 20).Digest], Token));
        await unfinished.DisposeAsync();
    }

    [Fact]
    public async Task After_a_kill_what_was_uploaded_since_the_checkpoint_is_known_at_once()
    {
        TestBlob[] blobs = Blobs(20);
        S3Store killed = await bucket.OpenAsync(bucket.Options() with { Acknowledge = S3Acknowledgement.S3 });
        await Task.WhenAll(blobs.Select(async blob => await killed.WriteAllAsync(blob.Digest, blob.Content, Token)));
        await killed.AbandonAsync();
        await bucket.Relay.TakeDownAsync();

        S3Store store = await bucket.OpenAsync();

        Assert.Empty(await store.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await store.AbandonAsync();
    }

    [Fact]
    public async Task The_last_value_of_a_key_is_the_one_that_comes_back()
    {
        Digest key = TestBlob.Random(1, 10).Digest;
        byte[] longOne = TestBlob.Random(2, 3 << 20).Content;
        S3StoreOptions options = bucket.Options();
        await using (S3Store store = await bucket.OpenAsync(options))
        {
            await store.WriteAllAsync(key, "first"u8.ToArray(), Token);
            await store.WriteAllAsync(key, longOne, Token);
            await store.WriteAllAsync(key, "last"u8.ToArray(), Token);
        }

        Directory.Delete(bucket.PathOf("a"), recursive: true);
        await using S3Store restored = await bucket.OpenAsync(bucket.Options("b") with { TakeOver = true });
        await restored.Maintenance.Reconciled.WaitAsync(Token);

        Assert.Equal("last"u8.ToArray(), await restored.ReadAllAsync(key, 100, Token));
        Assert.Equal(3, (await bucket.PacksAsync()).Count);
    }

    [Fact]
    public async Task A_prefix_belongs_to_one_node_until_another_takes_it_over()
    {
        await WriteAsync(bucket.Options("a"), Blobs(1));

        PrefixOwnedException refusal = await Assert.ThrowsAsync<PrefixOwnedException>(async () => await bucket.OpenAsync(bucket.Options("b")));
        Assert.Contains("takeOver: true", refusal.Message, StringComparison.Ordinal);
        await using (S3Store taken = await bucket.OpenAsync(bucket.Options("b") with { TakeOver = true }))
            await taken.Maintenance.Reconciled.WaitAsync(Token);

        await Assert.ThrowsAsync<PrefixOwnedException>(async () => await bucket.OpenAsync(bucket.Options("a")));
        await using S3Store again = await bucket.OpenAsync(bucket.Options("b"));
    }

    [Fact]
    public async Task A_start_without_the_bucket_is_refused_only_to_a_node_that_never_owned_the_prefix()
    {
        TestBlob[] blobs = Blobs(5);
        await WriteAsync(bucket.Options("a"), blobs);
        await bucket.Relay.TakeDownAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await bucket.OpenAsync(bucket.Options("b")));
        S3Store known = await bucket.OpenAsync(bucket.Options("a"));

        Assert.Empty(await known.FindMissingAsync([.. blobs.Select(blob => blob.Digest)], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await known.ReadAllAsync(blobs[0].Digest, 1 << 20, Token));
        bucket.Relay.TakeUp();
        await AssertReadsAsync(known, blobs);
        await known.DisposeAsync();
    }

    private static TestBlob[] Blobs(int count) => [.. Enumerable.Range(0, count).Select(i => TestBlob.Random(i, 1 + (i * 997)))];

    private async Task WriteAsync(S3StoreOptions options, IEnumerable<TestBlob> blobs)
    {
        await using S3Store store = await bucket.OpenAsync(options);
        foreach (TestBlob blob in blobs)
            await store.WriteAllAsync(blob.Digest, blob.Content, Token);
    }

    private static async Task AssertReadsAsync(S3Store store, IEnumerable<TestBlob> blobs)
    {
        foreach (TestBlob blob in blobs)
            Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 16 << 20, Token));
    }
}
