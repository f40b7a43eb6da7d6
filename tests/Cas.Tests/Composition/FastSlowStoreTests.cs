using System.Buffers;
using RemoteExec.Cas.Composition;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class FastSlowStoreTests : IAsyncLifetime
{
    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger logger = new();
    private readonly FailingNode fast = new(), slow = new();
    private readonly List<FastSlowStore> stores = [];
    private readonly TestBlob blob = TestBlob.Random(1, 300_000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (FastSlowStore store in stores)
            await store.DisposeAsync();
    }

    [Fact]
    public async Task A_look_up_asks_the_slow_tier_only_for_what_the_fast_one_lacks()
    {
        TestBlob near = TestBlob.Random(2, 10), absent = TestBlob.Random(3, 10);
        await fast.Kept.WriteAllAsync(near.Digest, near.Content, Token);
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        FastSlowStore store = Open();

        Assert.Equal([absent.Digest], await store.FindMissingAsync([near.Digest, absent.Digest, blob.Digest], Token));
        Assert.Equal(1, slow.Asked);
        Assert.Empty(await store.FindMissingAsync([near.Digest], Token));
        Assert.Equal(1, slow.Asked);
    }

    [Theory]
    [InlineData(SlowWrites.Required, true)]
    [InlineData(SlowWrites.Optional, true)]
    [InlineData(SlowWrites.None, false)]
    public async Task A_write_goes_to_both_unless_the_slow_tier_is_only_read(SlowWrites writes, bool isSlowWritten)
    {
        await Open(writes).WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.True(await fast.Kept.ContainsAsync(blob.Digest, Token));
        Assert.Equal(isSlowWritten, await slow.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task A_read_fills_the_fast_tier()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        FastSlowStore store = Open();

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        await store.Fills.WhenIdleAsync();

        Assert.Equal(blob.Content, await fast.Kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    [Rule("BSR-02")]
    public async Task A_read_from_the_middle_fills_nothing()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        FastSlowStore store = Open();

        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 299_999, Token);
        byte[] last = new byte[10];

        Assert.Equal(1, await reader!.ReadAsync(last, Token));
        Assert.Equal(blob.Content[^1], last[0]);
        Assert.False(await fast.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task A_fast_tier_that_fails_costs_nothing()
    {
        await slow.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        TestBlob written = TestBlob.Random(4, 1000);
        FastSlowStore store = Open();
        fast.IsDown = true;

        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        await store.WriteAllAsync(written.Digest, written.Content, Token);

        Assert.True(await slow.Kept.ContainsAsync(written.Digest, Token));
    }

    [Fact]
    public async Task A_fast_tier_that_fails_amid_a_read_is_done_without()
    {
        FastSlowStore store = Open();
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        await using BlobReader? reader = await store.OpenReadAsync(blob.Digest, 0, Token);
        byte[] content = new byte[300_000];
        int read = await reader!.ReadAsync(content.AsMemory(0, 1000), Token);

        fast.IsDown = true;
        while (read < content.Length)
            read += await reader.ReadAsync(content.AsMemory(read), Token);

        Assert.Equal(blob.Content, content);
    }

    [Fact]
    public async Task A_full_fast_tier_costs_nothing()
    {
        var tiny = new FailingNode(maxBytes: 10);
        await using var store = new FastSlowStore(tiny.Store, slow.Store, new FastSlowStoreOptions { Name = "both" }, logger, time);

        await store.WriteAllAsync(blob.Digest, blob.Content, Token);

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task A_slow_tier_out_of_reach_makes_what_the_fast_one_lacks_missing()
    {
        TestBlob near = TestBlob.Random(2, 10);
        await fast.Kept.WriteAllAsync(near.Digest, near.Content, Token);
        FastSlowStore store = Open();
        slow.IsDown = true;

        for (int i = 0; i < 2; i++)
        {
            Assert.Equal([blob.Digest], await store.FindMissingAsync([near.Digest, blob.Digest], Token));
            Assert.Null(await store.OpenReadAsync(blob.Digest, 0, Token));
            Assert.Null(await store.OpenReadAsync(blob.Digest, 10, Token));
            Assert.Equal(near.Content, await store.ReadAllAsync(near.Digest, 10, Token));
        }

        Assert.Equal(1, slow.Asked); // it is left alone for a while
        Assert.StartsWith("the store 'both.slow' is out of reach", Assert.Single(logger.Entries).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_slow_tier_out_of_reach_is_an_error_if_it_is_said_to_be()
    {
        FastSlowStore store = Open(SlowWrites.Required, SlowDown.Error);
        slow.IsDown = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([blob.Digest], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(blob.Digest, 0, Token));
    }

    [Fact]
    public async Task A_required_slow_tier_that_fails_fails_the_write_and_nothing_is_visible()
    {
        FastSlowStore store = Open();
        await using (BlobWriter writer = await store.OpenWriteAsync(blob.Digest, 300_000, Token))
        {
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content), Token);
            slow.IsDown = true;
            await Assert.ThrowsAsync<StoreUnavailableException>(async () => await writer.CommitAsync(Token));
        }

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenWriteAsync(blob.Digest, 300_000, Token));
        Assert.False(await fast.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_optional_slow_tier_that_fails_gets_it_later(int failsAt)
    {
        FastSlowStore store = Open(SlowWrites.Optional);
        slow.IsDown = failsAt == 0;
        await using (BlobWriter writer = await store.OpenWriteAsync(blob.Digest, 300_000, Token))
        {
            slow.IsDown = failsAt <= 1;
            await writer.WriteAsync(new ReadOnlySequence<byte>(blob.Content), Token);
            slow.IsDown = true;
            await writer.CommitAsync(Token);
        }

        Assert.Equal(blob.Content, await store.ReadAllAsync(blob.Digest, 300_000, Token));
        await store.Replicator.WhenIdleAsync();
        slow.IsDown = false;
        for (int i = 0; i < 60 && store.Replicator.Pending > 0; i++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await store.Replicator.WhenIdleAsync();
        }

        Assert.Equal(blob.Content, await slow.Kept.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    [Rule("AC-11")]
    public async Task A_fast_tier_that_misses_a_newer_value_does_not_answer_with_the_old()
    {
        byte[] newer = TestBlob.Random(5, 1000).Content;
        FastSlowStore store = Open();
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        fast.Store.Fail(StoreOperation.Commit, () => new StoreUnavailableException("fast", null));

        await store.WriteAllAsync(blob.Digest, newer, Token);

        Assert.Equal(newer, await store.ReadAllAsync(blob.Digest, 300_000, Token));
    }

    [Fact]
    public async Task Uses_are_told_to_the_slow_tier_in_bulk_and_once_an_hour()
    {
        TestBlob[] blobs = [.. Enumerable.Range(0, 5).Select(i => TestBlob.Random(10 + i, 10))];
        FastSlowStore store = Open();
        foreach (TestBlob one in blobs)
            await store.WriteAllAsync(one.Digest, one.Content, Token);
        int before = slow.Asked;

        await UseAsync();
        Assert.Equal(before + 1, slow.Asked);
        await UseAsync();
        time.Advance(TimeSpan.FromMinutes(50));
        await UseAsync();
        Assert.Equal(before + 1, slow.Asked);
        time.Advance(TimeSpan.FromHours(2));
        await UseAsync();
        Assert.Equal(before + 2, slow.Asked);

        async Task UseAsync()
        {
            foreach (TestBlob one in blobs)
                Assert.Empty(await store.FindMissingAsync([one.Digest], Token));
            Assert.NotNull(await store.ReadAllAsync(blobs[0].Digest, 10, Token));
            time.Advance(TimeSpan.FromSeconds(10));
            await store.Uses.WhenToldAsync();
        }
    }

    [Theory]
    [InlineData(SlowWrites.Optional, true)]
    [InlineData(SlowWrites.None, false)]
    public async Task What_the_slow_tier_forgot_it_gets_again(SlowWrites writes, bool isCopied)
    {
        FastSlowStore store = Open(writes);
        await fast.Kept.WriteAllAsync(blob.Digest, blob.Content, Token);
        Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));

        time.Advance(TimeSpan.FromSeconds(10));
        await store.Uses.WhenToldAsync();
        await store.Replicator.WhenIdleAsync();

        Assert.Equal(isCopied, await slow.Kept.ContainsAsync(blob.Digest, Token));
    }

    [Fact]
    public async Task A_use_that_could_not_be_told_is_told_with_the_next()
    {
        FastSlowStore store = Open();
        await store.WriteAllAsync(blob.Digest, blob.Content, Token);
        slow.IsDown = true;
        await UseAsync();
        slow.IsDown = false;
        int before = slow.Asked;

        await UseAsync();

        Assert.Equal(before + 1, slow.Asked);

        async Task UseAsync()
        {
            Assert.Empty(await store.FindMissingAsync([blob.Digest], Token));
            time.Advance(TimeSpan.FromSeconds(10));
            await store.Uses.WhenToldAsync();
        }
    }

    private FastSlowStore Open(SlowWrites writes = SlowWrites.Required, SlowDown down = SlowDown.Missing)
    {
        var store = new FastSlowStore(fast.Store, slow.Store, new FastSlowStoreOptions { Name = "both", SlowWrites = writes, SlowDown = down }, logger, time);
        stores.Add(store);
        return store;
    }
}
