using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;
using RemoteExec.TestKit;

namespace RemoteExec.Cas.Tests.Stores.Segments;

public sealed class DurabilityTests : IDisposable
{
    private readonly StoreFolder folder = new();
    private readonly ManualTimeProvider clock = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(10)]
    [InlineData(100_000)]
    public async Task Always_flushes_before_a_commit_is_acknowledged(int length)
    {
        await using SegmentStore store = await OpenAsync(Durability.Always);
        for (int i = 1; i <= 3; i++)
        {
            await store.PutAsync(StoreFolder.Content(i, length));

            Assert.Equal(i, store.Statistics.Flushes);
        }
    }

    [Fact]
    public async Task Always_flushes_for_many_commits_at_once()
    {
        await using SegmentStore store = await OpenAsync(Durability.Always);
        byte[][] contents = [.. Enumerable.Range(0, 500).Select(i => StoreFolder.Content(i, 1000))];

        Digest[] digests = await Task.WhenAll(contents.Select(content => Task.Run(() => store.PutAsync(content))));

        Assert.InRange(store.Statistics.Flushes, 1, 499);
        for (int i = 0; i < digests.Length; i++)
            Assert.Equal(contents[i], await store.GetAsync(digests[i]));
    }

    [Fact]
    public async Task Group_flushes_within_a_second_what_was_written()
    {
        await using SegmentStore store = await OpenAsync(Durability.Group);
        for (int i = 0; i < 100; i++)
            await store.PutAsync(StoreFolder.Content(i, 1000));
        await UntilAsync(() => clock.WaitingTimers == 1);
        Assert.Equal(0, store.Statistics.Flushes);

        clock.Advance(TimeSpan.FromSeconds(1));

        await UntilAsync(() => store.Statistics.Flushes == 1);
        await store.PutAsync(StoreFolder.Content(100, 1000));
        await UntilAsync(() => clock.WaitingTimers == 1);
        clock.Advance(TimeSpan.FromSeconds(1));
        await UntilAsync(() => store.Statistics.Flushes == 2);
    }

    [Fact]
    public async Task Group_does_nothing_while_nothing_is_written()
    {
        await using SegmentStore store = await OpenAsync(Durability.Group);

        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(0, clock.WaitingTimers);
        Assert.Equal(0, store.Statistics.Flushes);
    }

    [Fact]
    public async Task Fast_leaves_it_to_the_system()
    {
        await using SegmentStore store = await OpenAsync(Durability.Fast);

        await store.PutAsync(StoreFolder.Content(1, 1000));
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(0, store.Statistics.Flushes);
    }

    [Theory]
    [InlineData(Durability.Fast)]
    [InlineData(Durability.Group)]
    [InlineData(Durability.Always)]
    public async Task Every_durability_survives_a_kill(Durability durability)
    {
        SegmentStore crashing = await OpenAsync(durability);
        Digest digest = await crashing.PutAsync(StoreFolder.Content(1, 50_000));
        await crashing.CrashAsync();

        await using SegmentStore store = await OpenAsync(durability);
        Assert.Equal(StoreFolder.Content(1, 50_000), await store.GetAsync(digest));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(5, StoreFolder.Token);
    }

    private ValueTask<SegmentStore> OpenAsync(Durability durability) =>
        SegmentStore.OpenAsync(folder.Options() with { Durability = durability }, NullLogger.Instance, clock, StoreFolder.Token);
}
