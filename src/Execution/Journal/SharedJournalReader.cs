using RemoteExec.Protocol.Journals;
using RemoteExec.Redis;

namespace RemoteExec.Execution.Journal;

/// <summary>Follows a <see cref="SharedJournal"/> from its beginning. One call after the other.</summary>
internal sealed class SharedJournalReader(SharedJournal journal)
{
    private const int BytesAtATime = 4 << 20;
    private const int BatchesFrom = 7; // in the script's result

    /// <summary>How far it was read.</summary>
    public JournalPosition Position { get; private set; } = JournalPosition.None;

    /// <summary>Looks once, and takes what is new.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public async Task<JournalView> ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await journal.RunAsync(
            SharedJournalScripts.Read, [Position.Generation, Position.Length, BytesAtATime], cancellationToken);
        long epoch = SharedJournal.Number(reply[0]);
        string lease = SharedJournal.Text(reply[1]);
        string generation = SharedJournal.Text(reply[2]);
        long length = SharedJournal.Number(reply[4]);

        // A log that is shorter than what was read of it lacks its end: what is known here is more.
        if (SharedJournal.Text(reply[3]) != "1" || (generation == Position.Generation && length < Position.Length))
            return new JournalView(epoch, lease, StartsAnew: false, [], HasMore: false, IsWhole: false);

        long at = SharedJournal.Number(reply[6]);
        bool startsAnew = generation != Position.Generation;
        var entries = new List<JournalEntry>();
        long bytes = startsAnew ? -SharedJournal.Number(reply[5]) : Position.AppendedBytes;
        foreach (byte[] batch in reply.Skip(BatchesFrom))
        {
            entries.AddRange(JournalBatch.Parser.ParseFrom(batch).Entries);
            bytes += batch.Length;
            at++;
        }

        Position = new JournalPosition(generation, at, SharedJournal.Number(reply[5]), bytes);
        return new JournalView(epoch, lease, startsAnew, entries, HasMore: at < length, IsWhole: true);
    }

    /// <summary>Looks once, and takes no entries.</summary>
    /// <exception cref="RedisUnavailableException">Redis is out of reach.</exception>
    public async Task<JournalView> LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<byte[]> reply = await journal.RunAsync(SharedJournalScripts.Look, [], cancellationToken);
        return new JournalView(SharedJournal.Number(reply[0]), SharedJournal.Text(reply[1]), StartsAnew: false, [], HasMore: false, IsWhole: false);
    }
}
