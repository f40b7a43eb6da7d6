using RemoteExec.Execution.Journal;
using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Availability;

/// <summary>Keeps up with a shared journal, so that to take over is to read its last entries only. One call after the other.</summary>
internal sealed class JournalFollower(SharedJournal journal)
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(50);
    private readonly SharedJournalReader reader = new(journal);

    /// <summary>What the journal comes to as far as it was read.</summary>
    public JournalState State { get; private set; } = new();

    /// <summary>Looks once, and takes in what is new.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    /// <exception cref="InvalidDataException">The journal makes no sense to this version.</exception>
    public async Task<JournalView> ReadAsync(CancellationToken cancellationToken)
    {
        JournalView view = await reader.ReadAsync(cancellationToken);
        if (view.StartsAnew)
            State = new JournalState();
        foreach (JournalEntry entry in view.Entries)
            State.Apply(entry);
        return view;
    }

    /// <summary>Looks who is active, and leaves the entries alone.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public Task<JournalView> LookAsync(CancellationToken cancellationToken) => reader.LookAsync(cancellationToken);

    /// <summary>Reads the rest, which nobody adds to once the lease is taken, and goes on writing behind it. What is missing there is known here: then it begins with a snapshot.</summary>
    /// <exception cref="InvalidDataException">The journal makes no sense to this version.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<IJournal> TakeOverAsync(long epoch, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                JournalView view = await ReadAsync(cancellationToken);
                if (view.HasMore)
                    continue;
                return new RedisJournal(journal, epoch, view.IsWhole ? reader.Position : JournalPosition.None, time);
            }
            catch (RedisUnavailableException)
            {
                // The lease is held as long as nobody else takes it.
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }
}
