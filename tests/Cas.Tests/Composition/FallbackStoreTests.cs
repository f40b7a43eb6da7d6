using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class FallbackStoreTests : IAsyncDisposable
{
    private static readonly Digest key = TestBlob.Random(1, 100).Digest;
    private static readonly byte[] old = [1], young = [2];

    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();
    private readonly MemoryStore behindFirst = new(1 << 20);
    private readonly MemoryStore behindThen = new(1000);
    private readonly FaultyStore first;
    private readonly FaultyStore then;
    private readonly FallbackStore store;

    public FallbackStoreTests()
    {
        first = new FaultyStore(behindFirst);
        then = new FaultyStore(behindThen);
        using var loggers = new LoggerFactory([log]);
        store = new FallbackStore("results", first, then, loggers.CreateLogger<FallbackStore>(), time, maxOwed: 2);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => store.DisposeAsync();

    [Fact]
    public async Task While_the_first_store_is_there_it_alone_says_what_there_is()
    {
        await behindThen.WriteAllAsync(key, old, Token);

        Assert.Null(await store.OpenReadAsync(key, 0, Token));
        Assert.Equal([key], await store.FindMissingAsync([key], Token));
        await behindFirst.WriteAllAsync(key, young, Token); // by another server
        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token));
    }

    [Fact]
    public async Task It_is_known_since_when_the_first_store_is_away()
    {
        DateTimeOffset began = time.GetUtcNow();
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(new NodeStatus("results", IsInReach: true, began), store.First);

        SendAway();
        await store.WriteAllAsync(key, young, Token);

        Assert.Equal(new NodeStatus("results", IsInReach: false, began.AddMinutes(1)), store.First);
        Assert.Equal(1, store.Owed);
    }

    [Fact]
    public async Task What_is_written_goes_to_both()
    {
        await store.WriteAllAsync(key, young, Token);

        Assert.Equal(young, await behindFirst.ReadAllAsync(key, 100, Token));
        Assert.Equal(young, await behindThen.ReadAllAsync(key, 100, Token));
        SendAway();
        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token));
        Assert.Empty(await store.FindMissingAsync([key], Token));
    }

    [Theory]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task A_value_written_meanwhile_is_answered_before_and_after_it_is_brought_to_the_first_store(StoreOperation operation)
    {
        await store.WriteAllAsync(key, old, Token);
        first.Fail(operation, () => new StoreUnavailableException("first", null));

        await store.WriteAllAsync(key, young, Token);

        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token)); // the first store would answer the old one
        Assert.Equal([Resized()], await store.FindMissingAsync([key, Resized()], Token));
        await ComeBackAsync();
        await PayAsync();
        Assert.Equal(young, await behindFirst.ReadAllAsync(key, 100, Token));
        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token));
    }

    [Fact]
    public async Task A_value_that_the_second_store_lost_is_missing_rather_than_old()
    {
        await store.WriteAllAsync(key, old, Token);
        SendAway();
        await store.WriteAllAsync(key, young, Token);
        await behindThen.WriteAllAsync(TestBlob.Random(2, 1000).Digest, TestBlob.Random(2, 1000).Content, Token); // leaves no room for others

        await ComeBackAsync();
        Assert.Null(await store.OpenReadAsync(key, 0, Token));
        await PayAsync();

        Assert.Null(await store.OpenReadAsync(key, 0, Token));
        Assert.Null(await behindFirst.OpenReadAsync(key, 0, Token));
    }

    [Fact]
    public async Task A_later_value_is_not_overwritten_by_the_one_that_was_owed()
    {
        SendAway();
        await store.WriteAllAsync(key, old, Token);
        await ComeBackAsync();

        await store.WriteAllAsync(key, young, Token);

        first.Before = (operation, _) => operation == StoreOperation.Commit ? throw new InvalidOperationException("it was settled") : ValueTask.CompletedTask;
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token));
        Assert.Equal(young, await behindFirst.ReadAllAsync(key, 100, Token));
        Assert.Equal(young, await behindThen.ReadAllAsync(key, 100, Token));
    }

    [Fact]
    public async Task More_than_may_be_owed_is_refused()
    {
        SendAway();
        await store.WriteAllAsync(key, old, Token);
        await store.WriteAllAsync(TestBlob.Random(2, 10).Digest, old, Token);
        Digest third = TestBlob.Random(3, 10).Digest;

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(third, old, Token));
        await store.WriteAllAsync(key, young, Token); // is owed already

        Assert.Null(await store.OpenReadAsync(third, 0, Token));
        Assert.Equal(young, await store.ReadAllAsync(key, 100, Token));
    }

    [Fact]
    public async Task A_copy_that_could_not_be_replaced_is_dropped()
    {
        await store.WriteAllAsync(key, old, Token);
        then.Fail(StoreOperation.Commit, () => new StoreFullException("then", 1, "it is full"));
        await store.WriteAllAsync(key, young, Token);

        SendAway();

        Assert.Null(await store.OpenReadAsync(key, 0, Token));
    }

    [Fact]
    public async Task What_is_discarded_leaves_both_stores()
    {
        await store.WriteAllAsync(key, old, Token);

        await using (BlobReader? reader = await store.OpenReadAsync(key, 0, Token))
            reader!.Discard();

        Assert.Null(await store.OpenReadAsync(key, 0, Token));
        SendAway();
        Assert.Null(await store.OpenReadAsync(key, 0, Token));
    }

    [Fact]
    public async Task The_log_tells_once_of_each_change()
    {
        SendAway();
        await store.FindMissingAsync([key], Token);
        await store.FindMissingAsync([key], Token);
        first.Before = null;
        await store.FindMissingAsync([key], Token);
        Assert.Single(log.Entries); // it may be away again in a moment

        time.Advance(TimeSpan.FromSeconds(5));
        await store.FindMissingAsync([key], Token);
        await store.FindMissingAsync([key], Token);

        Assert.Equal(2, log.Entries.Count);
    }

    [Fact]
    public async Task Both_stores_away_is_a_failure()
    {
        SendAway();
        then.Before = (_, _) => throw new StoreUnavailableException("then", null);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.FindMissingAsync([key], Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.OpenReadAsync(key, 0, Token));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await store.WriteAllAsync(key, old, Token));
    }

    private static Digest Resized() => Digest.Create(key.Instance, key.Function, key.HashSpan, 7);

    private void SendAway() => first.Before = (_, _) => throw new StoreUnavailableException("first", null);

    private async Task ComeBackAsync()
    {
        first.Before = null;
        while (time.WaitingTimers == 0)
            await Task.Yield(); // the payer is about to wait
    }

    private async Task PayAsync()
    {
        time.Advance(TimeSpan.FromSeconds(1));
        while (store.Owed > 0)
            await Task.Yield();
    }
}
