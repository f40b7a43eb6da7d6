using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Journal;
using RemoteExec.Integration.Tests.Redis;
using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;

namespace RemoteExec.Integration.Tests.Scheduling;

/// <summary>One scheduler decides at a time, whatever happens to Redis and to the ways there.</summary>
public sealed class FencingTests(RedisServers servers)
{
    private readonly string prefix = RedisFixture.NewPrefix();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task One_has_the_lease_until_it_gives_it_up()
    {
        RedisConnectionOptions options = (await servers.Standalone).ToConnection(RedisTopology.Standalone);
        await using var first = new SharedJournalFixture(options, prefix);
        await using var second = new SharedJournalFixture(options, prefix, "b");
        long epoch = await first.AcquireAsync();

        Assert.Null(await SharedJournalFixture.RetryAsync(() => second.Lease.TryAcquireAsync(0, Token)));
        Assert.Equal(new LeaseHolder(epoch, SharedJournalFixture.AddressesOf("a")), LeaseHolder.Parse((await second.Reader.ReadAsync(Token)).Lease));
        Assert.True(await first.Lease.RenewAsync(epoch, Token));
        await first.Lease.ReleaseAsync(epoch, Token);
        Assert.Null(LeaseHolder.Parse((await second.Reader.ReadAsync(Token)).Lease));
        long next = await second.AcquireAsync();

        Assert.True(next > epoch);
        await first.Lease.ReleaseAsync(epoch, Token); // it is no longer its own
        Assert.Equal(next, LeaseHolder.Parse((await second.Reader.ReadAsync(Token)).Lease)!.Epoch);
        Assert.False(await first.Lease.RenewAsync(epoch, Token));
    }

    [Fact]
    public async Task A_lease_runs_out_and_its_holder_takes_it_back_if_nobody_else_did()
    {
        RedisConnectionOptions options = (await servers.Standalone).ToConnection(RedisTopology.Standalone);
        await using var holder = new SharedJournalFixture(options, prefix);
        long epoch = await holder.AcquireAsync();
        await UntilAsync(async () => (await holder.FollowAsync()).Lease.Length == 0);

        Assert.True(await holder.Lease.RenewAsync(epoch, Token));

        Assert.Equal(epoch, LeaseHolder.Parse((await holder.FollowAsync()).Lease)!.Epoch);
    }

    [Fact]
    public async Task A_scheduler_that_was_cut_off_writes_nothing_when_it_is_back()
    {
        RedisDeployment redis = await servers.Standalone;
        await using FaultyLink link = FaultyLink.Start(redis.Endpoints[0]);
        await using var first = new SharedJournalFixture(new RedisConnectionOptions { Endpoints = [link.Address.ToString()] }, prefix);
        await using var second = new SharedJournalFixture(redis.ToConnection(RedisTopology.Standalone), prefix, "b");
        (RedisJournal journal, long epoch) = await first.TakeOverAsync();
        await journal.ReplaceAsync([Entry(1)], Token);
        await journal.AppendAsync([Entry(2)], Token);

        link.Set(LinkState.Silent);
        Task append = journal.AppendAsync([Entry(3)], Token);
        (RedisJournal taken, long newEpoch) = await second.TakeOverAsync();
        await taken.AppendAsync([Entry(4)], Token);
        Assert.False(append.IsCompleted);
        link.Set(LinkState.Up);

        await Assert.ThrowsAsync<JournalLostException>(() => append);
        await Assert.ThrowsAsync<JournalLostException>(() => journal.ReplaceAsync([Entry(5)], Token));
        Assert.False(await SharedJournalFixture.RetryAsync(() => first.Lease.RenewAsync(epoch, Token)));
        Assert.True(newEpoch > epoch);
        await first.FollowAsync();
        Assert.Equal([Entry(1), Entry(2), Entry(4)], first.Entries);
    }

    [Fact]
    public async Task Of_many_that_write_all_the_time_only_the_newest_succeeds_and_nothing_is_there_twice()
    {
        RedisDeployment redis = await servers.Standalone;
        await using FaultyLink link = FaultyLink.Start(redis.Endpoints[0]);
        var behindLink = new RedisConnectionOptions { Endpoints = [link.Address.ToString()], OperationTimeout = TimeSpan.FromMilliseconds(200) };
        SharedJournalFixture[] all = [.. Enumerable.Range(0, 4).Select(number => new SharedJournalFixture(behindLink, prefix, $"s{number}"))];
        var written = new List<int>(); // by whoever was the active one, in order
        int number = 0;

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task faults = BreakAsync(link, stop.Token);
        for (int term = 0; term < 8; term++)
        {
            SharedJournalFixture active = all[term % all.Length];
            (RedisJournal journal, long epoch) = await active.TakeOverAsync();
            for (int i = 0; i < 25; i++)
            {
                try
                {
                    await journal.AppendAsync([Entry(++number)], Token);
                }
                catch (JournalBehindException)
                {
                    await journal.ReplaceAsync([.. written.Append(number).Select(Entry)], Token);
                }

                written.Add(number);
            }

            // The next one takes over as if the lease had run out; this one does not know, and goes on.
            await SharedJournalFixture.RetryAsync(async () =>
            {
                await active.Lease.ReleaseAsync(epoch, Token);
                return true;
            });
            SharedJournalFixture next = all[(term + 1) % all.Length];
            long newer = await next.AcquireAsync();
            await Assert.ThrowsAsync<JournalLostException>(() => journal.AppendAsync([Entry(-1)], Token));
            await SharedJournalFixture.RetryAsync(async () =>
            {
                await next.Lease.ReleaseAsync(newer, Token);
                return true;
            });
        }

        await stop.CancelAsync();
        await faults;
        foreach (SharedJournalFixture scheduler in all)
        {
            await scheduler.FollowAsync();
            Assert.Equal(written.Select(Entry), scheduler.Entries);
            await scheduler.DisposeAsync();
        }
    }

    private static JournalEntry Entry(int number) => new() { Deleted = new Deleted { Operation = $"operations/{number}" } };

    private static async Task BreakAsync(FaultyLink link, CancellationToken cancellationToken)
    {
        for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            link.Set(i % 2 == 0 ? LinkState.Up : LinkState.Down);
            await Task.Delay(i % 2 == 0 ? 700 : 5, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        link.Set(LinkState.Up);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(10, Token);
    }
}
