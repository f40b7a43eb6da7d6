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
            while (Next() is var (facts, consequences, snapshot))
            {
                if (snapshot is not null)
                    await journal.ReplaceAsync(snapshot, stopping.Token);
                else if (facts.Count > 0)
                    await journal.AppendAsync(facts, stopping.Token);
                lock (gate)
                {
                    foreach (IReadOnlyList<SchedulerEffect> some in consequences)
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

    private (IReadOnlyList<JournalEntry> Facts, IReadOnlyList<IReadOnlyList<SchedulerEffect>> Effects, IReadOnlyList<JournalEntry>? Snapshot)? Next()
    {
        lock (gate)
        {
            if (effects.Count == 0)
            {
                writing = null;
                return null;
            }

            // A snapshot has what is to be appended in it already.
            (List<JournalEntry> Facts, List<IReadOnlyList<SchedulerEffect>> Effects, IReadOnlyList<JournalEntry>? Snapshot) next =
                (entries, effects, entries.Count > 0 && journal.WantsSnapshot ? takeSnapshot() : null);
            entries = [];
            effects = [];
            return next;
        }
    }
}
