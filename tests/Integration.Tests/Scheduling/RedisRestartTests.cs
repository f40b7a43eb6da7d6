using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Journal;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Integration.Tests.Scheduling;

/// <summary>Redis is killed and comes back, with all that it had, with a part of it, or with nothing.</summary>
public sealed class RedisRestartTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_wait_for_a_Redis_that_comes_back_with_everything()
    {
        await using RedisServer redis = await RedisServer.StartAsync("--appendonly", "yes", "--appendfsync", "always");
        await using var scheduler = new SharedJournalFixture(redis.ToConnection(), "t:");
        (RedisJournal journal, long epoch) = await scheduler.TakeOverAsync();
        await journal.ReplaceAsync([Entry(1)], Token);

        await redis.KillAsync();
        Task append = journal.AppendAsync([Entry(2)], Token);
        Assert.False(append.IsCompleted);
        await redis.StartAgainAsync();
        await append;

        Assert.True(await SharedJournalFixture.RetryAsync(() => scheduler.Lease.RenewAsync(epoch, Token)));
        await scheduler.FollowAsync();
        Assert.Equal([Entry(1), Entry(2)], scheduler.Entries);
    }

    [Fact]
    public async Task A_Redis_that_comes_back_empty_is_given_a_snapshot_and_whoever_was_active_stays_it()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using var active = new SharedJournalFixture(redis.ToConnection(), "t:");
        await using var standby = new SharedJournalFixture(redis.ToConnection(), "t:", "b");
        (RedisJournal journal, long epoch) = await active.TakeOverAsync(known: 41);
        await journal.ReplaceAsync([Entry(1)], Token);
        await journal.AppendAsync([Entry(2)], Token);
        await standby.FollowAsync();

        await redis.KillAsync();
        await redis.StartAgainAsync();
        await Assert.ThrowsAsync<JournalBehindException>(() => journal.AppendAsync([Entry(3)], Token));
        Assert.False((await standby.FollowAsync()).IsWhole);
        Assert.Equal([Entry(1), Entry(2)], standby.Entries); // it keeps what it knows
        await journal.ReplaceAsync([Entry(1), Entry(2), Entry(3)], Token);
        await journal.AppendAsync([Entry(4)], Token);

        Assert.True(await active.Lease.RenewAsync(epoch, Token));
        JournalView view = await standby.FollowAsync();
        Assert.Equal([Entry(1), Entry(2), Entry(3), Entry(4)], standby.Entries);
        Assert.Equal((42, 42), (epoch, view.Epoch));
    }

    [Fact]
    public async Task Who_takes_over_from_an_empty_Redis_has_a_higher_number_than_any_it_knew_of()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using var first = new SharedJournalFixture(redis.ToConnection(), "t:");
        await using var second = new SharedJournalFixture(redis.ToConnection(), "t:", "b");
        (RedisJournal journal, long epoch) = await first.TakeOverAsync(known: 7);
        await journal.ReplaceAsync([Entry(1)], Token);
        long known = (await second.FollowAsync()).Epoch;

        await redis.KillAsync();
        await redis.StartAgainAsync();
        (RedisJournal taken, long newer) = await second.TakeOverAsync(known);
        await Assert.ThrowsAsync<JournalBehindException>(() => taken.AppendAsync([Entry(2)], Token));
        await taken.ReplaceAsync([.. second.Entries, Entry(2)], Token);

        Assert.True(newer > epoch);
        await Assert.ThrowsAsync<JournalLostException>(() => journal.AppendAsync([Entry(9)], Token));
        Assert.False(await first.Lease.RenewAsync(epoch, Token));
        await first.FollowAsync();
        Assert.Equal([Entry(1), Entry(2)], first.Entries);
    }

    [Fact]
    public async Task Who_did_not_know_of_anybody_gives_way_to_the_one_that_was_active()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using var active = new SharedJournalFixture(redis.ToConnection(), "t:");
        await using var newcomer = new SharedJournalFixture(redis.ToConnection(), "t:", "b");
        (RedisJournal journal, long epoch) = await active.TakeOverAsync(known: 7);
        await journal.ReplaceAsync([Entry(1)], Token);

        await redis.KillAsync();
        await redis.StartAgainAsync();
        (RedisJournal other, long low) = await newcomer.TakeOverAsync();
        await other.ReplaceAsync([Entry(100)], Token);
        Assert.True(low < epoch);
        Assert.True(await SharedJournalFixture.RetryAsync(() => active.Lease.RenewAsync(epoch, Token)));

        await Assert.ThrowsAsync<JournalLostException>(() => other.AppendAsync([Entry(101)], Token));
        await Assert.ThrowsAsync<JournalBehindException>(() => journal.AppendAsync([Entry(2)], Token));
        await journal.ReplaceAsync([Entry(1), Entry(2)], Token);
        await newcomer.FollowAsync();
        Assert.Equal([Entry(1), Entry(2)], newcomer.Entries);
    }

    [Theory]
    [InlineData("rpop")]
    [InlineData("del")]
    public async Task A_log_of_which_something_is_missing_is_noticed(string damage)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using var active = new SharedJournalFixture(redis.ToConnection(), "t:");
        await using var standby = new SharedJournalFixture(redis.ToConnection(), "t:", "b");
        (RedisJournal journal, long _) = await active.TakeOverAsync();
        await journal.ReplaceAsync([Entry(1)], Token);
        await journal.AppendAsync([Entry(2)], Token);
        await standby.FollowAsync();
        string log = $"t:{{scheduler}}:log:{standby.Reader.Position.Generation}";

        await redis.AskAsync(damage, log);

        Assert.False((await standby.FollowAsync()).IsWhole);
        await Assert.ThrowsAsync<JournalBehindException>(() => journal.AppendAsync([Entry(3)], Token));
        await journal.ReplaceAsync([Entry(1), Entry(2), Entry(3)], Token);
        Assert.True((await standby.FollowAsync()).IsWhole);
        Assert.Equal([Entry(1), Entry(2), Entry(3)], standby.Entries);
    }

    [Fact]
    public async Task What_was_not_made_the_journal_goes_away_and_nothing_else_stays_behind()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using var active = new SharedJournalFixture(redis.ToConnection(), "t:");
        (RedisJournal journal, long epoch) = await active.TakeOverAsync();
        for (int i = 0; i < 5; i++)
            await journal.ReplaceAsync([Entry(i)], Token);
        await active.Journal.RunAsync(SharedJournalScripts.Stage, [epoch, "left", 0L, new byte[10], 60_000L], Token);

        Assert.Equal(4, (await redis.AskAsync("keys", "*")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length); // state, lease, log, what is left
        Assert.InRange(long.Parse(await redis.AskAsync("pttl", "t:{scheduler}:log:left"), System.Globalization.CultureInfo.InvariantCulture), 1, 60_000);
    }

    private static JournalEntry Entry(int number) => new() { Deleted = new Deleted { Operation = $"operations/{number}" } };
}
