using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Tests.Journal;

public sealed class OutboxTests
{
    private readonly Lock gate = new();
    private readonly List<JournalEntry> all = [];
    private readonly List<SchedulerEffect> performed = [];
    private readonly StubbornJournal journal = new();
    private readonly Outbox outbox;

    public OutboxTests() => outbox = new Outbox(journal, gate, () => [.. all], effects =>
    {
        // Whoever hears of something finds it in the journal.
        Assert.All(effects.OfType<SchedulerEffect.WorkerLeft>(), effect => Assert.Contains(journal.Entries, entry => entry.Deleted.Operation == effect.Worker));
        performed.AddRange(effects);
    });

    [Fact]
    public async Task What_an_event_brings_waits_for_the_journal_and_keeps_its_order()
    {
        journal.Hold();
        for (int i = 0; i < 10; i++)
            Add(i);
        Assert.Empty(performed);

        journal.Release();
        await outbox.DisposeAsync();

        Assert.Equal(all, journal.Entries);
        Assert.Equal(all.Select(entry => entry.Deleted.Operation), performed.Cast<SchedulerEffect.WorkerLeft>().Select(effect => effect.Worker));
    }

    [Fact]
    public async Task A_journal_that_has_lost_something_gets_everything_once_and_what_came_meanwhile_with_it()
    {
        Add(0);
        await UntilAsync(() => performed.Count == 1);
        journal.Lose();
        journal.Hold();
        Add(1);
        await UntilAsync(() => journal.Writes == 2);
        Add(2);
        Add(3);

        journal.Release();
        await outbox.DisposeAsync();

        Assert.Equal(all, journal.Entries);
        Assert.Equal(4, performed.Count);
    }

    [Fact]
    public async Task Nothing_is_done_any_more_once_another_has_taken_over()
    {
        Add(0);
        await UntilAsync(() => performed.Count == 1);
        journal.TakeOver();

        Add(1);
        await outbox.Lost;
        Add(2);
        await outbox.DisposeAsync();

        Assert.Single(performed);
        Assert.Single(journal.Entries);
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (true)
        {
            lock (gate)
            {
                if (condition())
                    return;
            }

            await Task.Delay(1, TestContext.Current.CancellationToken);
        }
    }

    private void Add(int number)
    {
        var entry = new JournalEntry { Deleted = new Deleted { Operation = $"{number}" } };
        lock (gate)
        {
            all.Add(entry);
            outbox.Add([entry], [new SchedulerEffect.WorkerLeft($"{number}", IsLost: false)]);
        }
    }

    /// <summary>A journal in memory that holds writes up, loses what it has, or is taken over, as a test says.</summary>
    private sealed class StubbornJournal : IJournal
    {
        private TaskCompletionSource open = NewSignal(isSet: true);
        private bool isBehind;
        private bool isLost;

        public List<JournalEntry> Entries { get; } = [];

        public int Writes { get; private set; }

        public bool WantsSnapshot => false;

        public void Hold() => open = NewSignal(isSet: false);

        public void Release() => open.SetResult();

        public void Lose()
        {
            Entries.Clear();
            isBehind = true;
        }

        public void TakeOver() => isLost = true;

        public async Task AppendAsync(IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
        {
            await EnterAsync(cancellationToken);
            if (isBehind)
                throw new JournalBehindException();
            Entries.AddRange(entries);
        }

        public async Task ReplaceAsync(IReadOnlyList<JournalEntry> snapshot, CancellationToken cancellationToken)
        {
            await EnterAsync(cancellationToken);
            isBehind = false;
            Entries.Clear();
            Entries.AddRange(snapshot);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static TaskCompletionSource NewSignal(bool isSet)
        {
            var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (isSet)
                signal.SetResult();
            return signal;
        }

        private async Task EnterAsync(CancellationToken cancellationToken)
        {
            Writes++;
            await open.Task.WaitAsync(cancellationToken);
            if (isLost)
                throw new JournalLostException();
        }
    }
}
