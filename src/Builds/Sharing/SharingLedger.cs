using Microsoft.Data.Sqlite;
using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Sharing;

/// <summary>
/// What a file tells others and hears of them, each batch exactly once: it goes into the file, or comes out of it, with what it is about, in one transaction. Whoever writes the file calls what takes a
/// connection; the rest is for who carries batches to others and back, at the same time.
/// </summary>
/// <param name="maxBacklog">How many bytes may wait to be sent.</param>
/// <param name="counts">What goes wrong.</param>
internal sealed class SharingLedger<T>(long maxBacklog, SharingCounts counts)
    where T : class
{
    // So long are batches kept that were sent: Redis may lose them before others have read them.
    private static readonly TimeSpan keptTime = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan trimInterval = TimeSpan.FromSeconds(10);

    private const int MostHeard = 1000; // files are begun anew, and then nothing more comes from those before

    private readonly Lock gate = new(); // guards what follows; the file is asked within it by the one who writes it alone
    private readonly Dictionary<string, (long Sequence, DateTimeOffset At)> heard = new(StringComparer.Ordinal);
    private readonly HashSet<string> unsaved = new(StringComparer.Ordinal); // of those, what may not be in the file
    private string origin = ""; // until the file was asked
    private long sequence;
    private long sent;
    private StreamPosition position = StreamPosition.None;
    private StreamPosition saved = StreamPosition.None; // what was written last, whether that was committed or undone
    private IReadOnlyList<Received<T>> arrived = [];
    private StreamPosition arrivedAt;
    private bool hasArrived;
    private DateTimeOffset trimmed;

    /// <summary>Who the file is; empty until it was written to.</summary>
    public string Origin => Read(() => origin);

    /// <summary>How far it has heard others.</summary>
    public StreamPosition Position => Read(() => position);

    /// <summary>True if there is something that was not taken in yet.</summary>
    public bool HasArrived => Read(() => hasArrived);

    /// <summary>The last batch that others can read.</summary>
    public long Sent
    {
        get => Read(() => sent);
        set
        {
            lock (gate)
                sent = value;
        }
    }

    /// <summary>The last batch that was told.</summary>
    public long Sequence => Read(() => sequence);

    /// <summary>What others have told, for the next transaction to take in.</summary>
    public void Arrive(IReadOnlyList<Received<T>> entries, StreamPosition at)
    {
        lock (gate)
        {
            // One's own entries come back each time, and are nothing new.
            if (entries.All(entry => entry.Origin == origin && entry.Sequence <= sequence))
                position = at;
            else
                (arrived, arrivedAt, hasArrived) = (entries, at, true);
        }
    }

    /// <summary>Keeps a batch to be sent, within the transaction of what it is about.</summary>
    public void Tell(SqliteConnection connection, byte[] message, DateTimeOffset now)
    {
        lock (gate)
        {
            Load(connection);
            connection.Execute("INSERT OR REPLACE INTO sharing_outbox (sequence, at, bytes, message) VALUES ($sequence, $at, $bytes, $message)",
                ("$sequence", ++sequence), ("$at", now.ToUnixTimeMilliseconds()), ("$bytes", message.Length), ("$message", message));
            Save(connection);
        }
    }

    /// <summary>Takes in what has arrived and was not taken in before, within the transaction of what is made of it: the first that is done there.</summary>
    public IReadOnlyList<T> Take(SqliteConnection connection, DateTimeOffset now)
    {
        lock (gate)
        {
            Load(connection);
            if (unsaved.Count > 0 && ReadPosition(connection) == saved)
                unsaved.Clear(); // the transaction before was not undone
            Trim(connection, now);
            if (!hasArrived)
                return [];
            List<T> taken = [];
            long own = arrived.Where(entry => entry.Origin == origin).Select(entry => entry.Sequence).DefaultIfEmpty().Max();
            if (own > sequence)
            {
                BecomeAnother(connection, now);
            }
            else
            {
                foreach (Received<T> entry in arrived)
                    Take(entry, taken, now);
                position = arrivedAt;
            }

            (arrived, hasArrived) = ([], false);
            Save(connection);
            return taken;
        }
    }

    /// <summary>The file was begun anew.</summary>
    public void Reset()
    {
        lock (gate)
        {
            (origin, sequence, sent, position, arrived, hasArrived) = ("", 0, 0, StreamPosition.None, [], false);
            heard.Clear();
            unsaved.Clear();
        }
    }

    /// <summary>Batches behind a number, in order, about so many bytes of them.</summary>
    /// <param name="connection">One that reads.</param>
    /// <param name="after">The number.</param>
    /// <param name="bytes">How many bytes.</param>
    public static List<(long Sequence, byte[] Message)> Outbox(SqliteConnection connection, long after, long bytes)
    {
        using SqliteCommand command = connection.CreateCommand("SELECT sequence, message FROM sharing_outbox WHERE sequence > $after ORDER BY sequence", ("$after", after));
        using SqliteDataReader rows = command.ExecuteReader();
        List<(long, byte[])> batches = [];
        while (bytes > 0 && rows.Read())
        {
            byte[] message = rows.GetFieldValue<byte[]>(1);
            batches.Add((rows.GetInt64(0), message));
            bytes -= message.Length;
        }

        return batches;
    }

    private TValue Read<TValue>(Func<TValue> read)
    {
        lock (gate)
            return read();
    }

    private void Take(Received<T> entry, List<T> taken, DateTimeOffset now)
    {
        if (entry.Origin == origin)
            return;
        if (heard.TryGetValue(entry.Origin, out (long Sequence, DateTimeOffset At) last))
        {
            if (entry.Sequence <= last.Sequence)
                return; // sent again
            counts.Miss(entry.Sequence - last.Sequence - 1);
        }

        Hear(entry.Origin, entry.Sequence, now);
        if (entry.Message is { } message)
            taken.Add(message);
        else
            counts.NotUnderstood();
    }

    private void Hear(string other, long last, DateTimeOffset now)
    {
        heard[other] = (last, now);
        unsaved.Add(other);
    }

    // The file has told something that it does not know of: it was brought back from a copy, or another server has one. What it told since is read as that of somebody else.
    private void BecomeAnother(SqliteConnection connection, DateTimeOffset now)
    {
        Hear(origin, sequence, now);
        counts.Drop(connection.Execute("DELETE FROM sharing_outbox"));
        (origin, sent, position) = (NewOrigin(), sequence, StreamPosition.None);
    }

    private static StreamPosition? ReadPosition(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand("SELECT generation, position FROM sharing_self");
        using SqliteDataReader row = command.ExecuteReader();
        return row.Read() ? new StreamPosition(row.GetString(0), row.GetString(1)) : null;
    }

    private void Load(SqliteConnection connection)
    {
        if (origin.Length > 0)
            return;
        using (SqliteCommand self = connection.CreateCommand("SELECT origin, sequence, sent, generation, position FROM sharing_self"))
        using (SqliteDataReader row = self.ExecuteReader())
        {
            (origin, sequence, sent, position) = row.Read()
                ? (row.GetString(0), row.GetInt64(1), row.GetInt64(2), new StreamPosition(row.GetString(3), row.GetString(4)))
                : (NewOrigin(), 0, 0, StreamPosition.None);
        }

        saved = position;
        using SqliteCommand others = connection.CreateCommand("SELECT origin, sequence, at FROM sharing_heard");
        using SqliteDataReader rows = others.ExecuteReader();
        heard.Clear();
        while (rows.Read())
            heard[rows.GetString(0)] = (rows.GetInt64(1), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(2)));
    }

    private void Save(SqliteConnection connection)
    {
        connection.Execute(
            "INSERT OR REPLACE INTO sharing_self (id, origin, sequence, sent, generation, position) VALUES (1, $origin, $sequence, $sent, $generation, $position)",
            ("$origin", origin), ("$sequence", sequence), ("$sent", sent), ("$generation", position.Generation), ("$position", position.Id));
        foreach (string other in unsaved)
        {
            connection.Execute("INSERT OR REPLACE INTO sharing_heard (origin, sequence, at) VALUES ($origin, $sequence, $at)",
                ("$origin", other), ("$sequence", heard[other].Sequence), ("$at", heard[other].At.ToUnixTimeMilliseconds()));
        }

        saved = position;
    }

    private void Trim(SqliteConnection connection, DateTimeOffset now)
    {
        if (now - trimmed < trimInterval)
            return;
        trimmed = now;
        connection.Execute("DELETE FROM sharing_outbox WHERE sequence <= $sent AND at < $oldest", ("$sent", sent), ("$oldest", (now - keptTime).ToUnixTimeMilliseconds()));
        foreach (string other in heard.OrderByDescending(pair => pair.Value.At).Skip(MostHeard).Select(pair => pair.Key).ToArray())
        {
            heard.Remove(other);
            unsaved.Remove(other);
            connection.Execute("DELETE FROM sharing_heard WHERE origin = $origin", ("$origin", other));
        }

        long excess = connection.ReadLong("SELECT coalesce(sum(bytes), 0) FROM sharing_outbox") - maxBacklog;
        if (excess > 0)
            Drop(connection, excess);
    }

    private void Drop(SqliteConnection connection, long excess)
    {
        long last = 0;
        using (SqliteCommand oldest = connection.CreateCommand("SELECT sequence, bytes FROM sharing_outbox ORDER BY sequence"))
        using (SqliteDataReader rows = oldest.ExecuteReader())
        {
            for (; excess > 0 && rows.Read(); excess -= rows.GetInt64(1))
                last = rows.GetInt64(0);
        }

        counts.Drop(connection.ReadLong("SELECT count(*) FROM sharing_outbox WHERE sequence <= $last AND sequence > $sent", ("$last", last), ("$sent", sent)));
        connection.Execute("DELETE FROM sharing_outbox WHERE sequence <= $last", ("$last", last));
    }

    private static string NewOrigin() => Guid.NewGuid().ToString("N");
}
