using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Composition;

public sealed class MissingWhenDownStoreTests
{
    private static readonly TestBlob one = TestBlob.Random(1, 100), two = TestBlob.Random(2, 100);

    private readonly ManualTimeProvider time = new();
    private readonly RecordingLogger log = new();
    private readonly FaultyStore inner = new(new MemoryStore(1 << 20));
    private readonly MissingWhenDownStore store;

    public MissingWhenDownStoreTests()
    {
        using var loggers = new LoggerFactory([log]);
        store = new MissingWhenDownStore("results", inner, loggers.CreateLogger<MissingWhenDownStore>(), time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_there_while_the_store_is_away_and_all_is_when_it_is_back()
    {
        await store.WriteAllAsync(one.Digest, one.Content, Token);

        SendAway();
        Assert.Equal([two.Digest, one.Digest], await store.FindMissingAsync([two.Digest, one.Digest, two.Digest], Token));
        Assert.Null(await store.OpenReadAsync(one.Digest, 0, Token));
        inner.Before = null;

        Assert.Equal(one.Content, await store.ReadAllAsync(one.Digest, 1000, Token));
    }

    [Theory]
    [InlineData(StoreOperation.OpenWrite)]
    [InlineData(StoreOperation.Write)]
    [InlineData(StoreOperation.Commit)]
    public async Task What_is_written_while_the_store_is_away_is_dropped(StoreOperation operation)
    {
        inner.Fail(operation, () => new StoreUnavailableException("redis", null));

        await store.WriteAllAsync(one.Digest, one.Content, Token);
        inner.Before = null;

        Assert.False(await store.ContainsAsync(one.Digest, Token));
        Assert.Single(log.Entries);
    }

    [Fact]
    public async Task What_is_dropped_is_told_once_a_minute()
    {
        SendAway();
        for (int i = 0; i < 5; i++)
            await store.WriteAllAsync(one.Digest, one.Content, Token);
        Assert.Single(log.Entries);

        time.Advance(TimeSpan.FromMinutes(1));
        await store.WriteAllAsync(one.Digest, one.Content, Token);

        Assert.Equal(2, log.Entries.Count);
        Assert.Contains("5 action results", log.Entries.Last().Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_failures_are_told_as_they_are()
    {
        inner.Fail(StoreOperation.OpenWrite, () => new StoreFullException("redis", 1, "it is full"));

        await Assert.ThrowsAsync<StoreFullException>(async () => await store.WriteAllAsync(one.Digest, one.Content, Token));
    }

    private void SendAway() => inner.Before = (_, _) => throw new StoreUnavailableException("redis", null);
}
