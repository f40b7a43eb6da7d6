using RemoteExec.Execution.Journal;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.TestKit;

/// <summary>What every journal of a scheduler promises. One journal after the other is opened over the same place.</summary>
public abstract class JournalContract
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Opens the journal for a writer that takes the place of the one before, and gives it what is there.</summary>
    protected abstract Task<IJournal> OpenAsync(Action<JournalEntry> restore);

    [Fact]
    public async Task A_new_journal_is_empty() => Assert.Empty(await ReadAsync());

    [Fact]
    public async Task What_was_appended_is_found_in_its_order()
    {
        await using (IJournal journal = await StartAsync())
        {
            await journal.AppendAsync([Entry(1), Entry(2)], Token);
            await journal.AppendAsync([Entry(3)], Token);
        }

        await using (IJournal journal = await OpenAsync(_ => { }))
            await journal.AppendAsync([Entry(4)], Token);

        Assert.Equal([Entry(1), Entry(2), Entry(3), Entry(4)], await ReadAsync());
    }

    [Fact]
    public async Task A_snapshot_takes_the_place_of_everything_before_it()
    {
        await using (IJournal journal = await StartAsync())
        {
            await journal.AppendAsync([Entry(1), Entry(2)], Token);
            await journal.ReplaceAsync([Entry(10)], Token);
            await journal.AppendAsync([Entry(11)], Token);
        }

        Assert.Equal([Entry(10), Entry(11)], await ReadAsync());
    }

    [Fact]
    public async Task A_snapshot_may_be_empty()
    {
        await using (IJournal journal = await StartAsync())
        {
            await journal.AppendAsync([Entry(1)], Token);
            await journal.ReplaceAsync([], Token);
        }

        Assert.Empty(await ReadAsync());
    }

    [Fact]
    public async Task A_snapshot_may_be_of_many_pieces_and_an_entry_longer_than_one()
    {
        JournalEntry[] snapshot = [.. Enumerable.Range(0, 3000).Select(number => Entry(number, 1000)), Entry(3000, 2_500_000), Entry(3001)];
        await using (IJournal journal = await StartAsync())
            await journal.ReplaceAsync(snapshot, Token);

        Assert.Equal(snapshot, await ReadAsync());
    }

    [Fact]
    public async Task It_wants_a_snapshot_once_more_was_appended_than_the_last_one_took()
    {
        await using (IJournal journal = await StartAsync())
        {
            Assert.False(journal.WantsSnapshot);
            for (int i = 0; !journal.WantsSnapshot; i++)
            {
                Assert.True(i < 100);
                await journal.AppendAsync([Entry(i, 500_000)], Token);
            }
        }

        await using (IJournal journal = await OpenAsync(_ => { }))
        {
            Assert.True(journal.WantsSnapshot); // who takes over knows, too
            await journal.ReplaceAsync([Entry(1)], Token);
            Assert.False(journal.WantsSnapshot);
        }

        await using (IJournal journal = await OpenAsync(_ => { }))
            Assert.False(journal.WantsSnapshot);
    }

    [Fact]
    public async Task A_call_that_was_cancelled_before_writes_nothing()
    {
        await using (IJournal journal = await StartAsync())
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => journal.AppendAsync([Entry(1)], new CancellationToken(canceled: true)));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => journal.ReplaceAsync([Entry(2)], new CancellationToken(canceled: true)));
            await journal.AppendAsync([Entry(3)], Token);
        }

        Assert.Equal([Entry(3)], await ReadAsync());
    }

    /// <summary>An entry by which it is known again.</summary>
    /// <param name="number">Which one.</param>
    /// <param name="length">About how long it is.</param>
    protected static JournalEntry Entry(int number, int length = 10) =>
        new() { Deleted = new Deleted { Operation = $"operations/{number}{new string('.', length)}" } };

    /// <summary>All that is there.</summary>
    protected async Task<List<JournalEntry>> ReadAsync()
    {
        List<JournalEntry> entries = [];
        await using IJournal journal = await OpenAsync(entries.Add);
        return entries;
    }

    /// <summary>A journal as a scheduler begins it: with a snapshot of nothing.</summary>
    private async Task<IJournal> StartAsync()
    {
        IJournal journal = await OpenAsync(_ => { });
        await journal.ReplaceAsync([], Token);
        return journal;
    }
}
