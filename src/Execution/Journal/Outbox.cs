using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Journals;

namespace RemoteExec.Execution.Journal;

/// <summary>
/// Between what a scheduler decides and what comes of it: effects wait until the facts that belong to them are in the journal, so that nobody ever hears of anything that could be lost.
/// Everything stays in its order. What comes while the journal is being written goes into it together the next time.
/// </summary>
/// <param name="journal">Where facts go.</param>
/// <param name="gate">The scheduler's lock. Adding is called under it, and so are the two that follow.</param>
/// <param name="takeSnapshot">Tells all that is so by now.</param>
/// <param name="perform">Does what effects say.</param>
internal sealed class Outbox(
    IJournal journal, Lock gate, Func<IReadOnlyList<JournalEntry>> takeSnapshot, Action<IReadOnlyList<SchedulerEffect>> perform) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource lost = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<JournalEntry> entries = []; // guarded by the scheduler's lock, as are the two below
    private List<IReadOnlyList<SchedulerEffect>> effects = [];
    private Task? writing; // null while there is nothing to write
    private bool isOver;

    /// <summary>How long disposing waits for a journal that can't be written.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Ends when another scheduler has taken over, or with the reason why the journal is of no use any more.</summary>
    public Task Lost => lost.Task;

    /// <summary>Takes in what an event has brought.</summary>
    public void Add(IReadOnlyList<JournalEntry> facts, IReadOnlyList<SchedulerEffect> consequences)
    {
        if (isOver)
            return;
        if (facts.Count == 0 && writing is null)
        {
            perform(consequences);
            return;
        }

        entries.AddRange(facts);
        effects.Add(consequences);
        writing ??= Task.Run(WriteAsync);
    }

    /// <summary>Waits, but not for ever, until all is written that was added.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? last;
        lock (gate)
        {
            isOver = true;
            last = writing;
        }

        stopping.CancelAfter(Patience);
        if (last is not null)
            await last;
        stopping.Dispose();
    }

    private async Task WriteAsync()
    {
        try
        {
            while (Next() is { } batch)
            {
                batch = await WriteAsync(batch);
                lock (gate)
                {
                    foreach (IReadOnlyList<SchedulerEffect> some in batch.Effects)
                        perform(some);
                }
            }
        }
        catch (JournalLostException)
        {
            GiveUp();
            lost.TrySetResult();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            GiveUp();
        }
        catch (Exception exception)
        {
            // A defect of the journal: without it nothing can go on.
            GiveUp();
            lost.TrySetException(exception);
        }
    }

    /// <summary>Writes a batch, or if the journal has lost what was before it, everything; returns what was written.</summary>
    private async Task<Batch> WriteAsync(Batch batch)
    {
        try
        {
            if (batch.Snapshot is null && batch.Facts.Count > 0)
                await journal.AppendAsync(batch.Facts, stopping.Token);
        }
        catch (JournalBehindException)
        {
            batch = WithSnapshot(batch);
        }

        if (batch.Snapshot is { } snapshot)
            await journal.ReplaceAsync(snapshot, stopping.Token);
        return batch;
    }

    // What was not heard of outside may be forgotten.
    private void GiveUp()
    {
        lock (gate)
        {
            isOver = true;
            entries = [];
            effects = [];
        }
    }

    private Batch? Next()
    {
        lock (gate)
        {
            if (effects.Count == 0)
            {
                writing = null;
                return null;
            }

            // A snapshot has what is to be appended in it already.
            return TakeAll([], entries.Count > 0 && journal.WantsSnapshot ? takeSnapshot() : null);
        }
    }

    /// <summary>Everything as it is now has what has come since the batch in it, too.</summary>
    private Batch WithSnapshot(Batch batch)
    {
        lock (gate)
            return TakeAll(batch.Effects, takeSnapshot());
    }

    private Batch TakeAll(IReadOnlyList<IReadOnlyList<SchedulerEffect>> before, IReadOnlyList<JournalEntry>? snapshot)
    {
        var batch = new Batch(entries, [.. before, .. effects], snapshot);
        entries = [];
        effects = [];
        return batch;
    }

    /// <summary>What is written at a time, and what comes of it.</summary>
    /// <param name="Facts">What is appended, unless there is a snapshot.</param>
    /// <param name="Effects">What waits for it.</param>
    /// <param name="Snapshot">What takes the place of all that was written before; null if that stays.</param>
    private sealed record Batch(IReadOnlyList<JournalEntry> Facts, IReadOnlyList<IReadOnlyList<SchedulerEffect>> Effects, IReadOnlyList<JournalEntry>? Snapshot);
}
