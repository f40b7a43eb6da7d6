namespace RemoteExec.Builds.Records;

/// <summary>Sums that change, in the order in which they stand in the columns of tables. Times are milliseconds.</summary>
internal sealed class SumTable
{
    /// <summary>The columns of a table that keeps them.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ["hits", "missed", "stored", "executed", "merged", "failed", "timed_hits", "saved_ms", "queue_ms", "fetch_ms", "run_ms", "upload_ms", "bytes_sent", "bytes_received"];

    private const int TimedHits = 6;
    private const int Saved = 7;
    private const int Phases = 8;
    private const int Sent = 12;
    private const int Received = 13;

    private readonly long[] values = new long[Columns.Count];

    /// <summary>The values, by column.</summary>
    public Span<long> Values => values;

    /// <summary>How many actions have come to this.</summary>
    public long this[ActionOutcome outcome] => values[(int)outcome];

    /// <summary>Bytes of content that clients were sent.</summary>
    public long BytesSent => values[Sent];

    /// <summary>Bytes of content that clients sent.</summary>
    public long BytesReceived => values[Received];

    /// <summary>An action has come to something, or no longer to it.</summary>
    public void Count(ActionOutcome outcome, int by) => values[(int)outcome] += by;

    /// <summary>An action has come to something else, or counts for another time.</summary>
    public void Change(ActionOutcome? was, ActionOutcome? becomes, long savedBefore, long savedAfter)
    {
        if (was is { } old)
            Count(old, -1);
        if (becomes is { } next)
            Count(next, 1);
        AddSaved(Math.Max(0, savedAfter) - Math.Max(0, savedBefore), (savedAfter >= 0 ? 1 : 0) - (savedBefore >= 0 ? 1 : 0));
    }

    /// <summary>A hit with a known time is there, or is no longer one.</summary>
    public void AddSaved(long milliseconds, int hits)
    {
        values[TimedHits] += hits;
        values[Saved] += milliseconds;
    }

    /// <summary>An action was run.</summary>
    public void AddRun(long queue, long fetch, long run, long upload)
    {
        values[Phases] += Math.Max(0, queue);
        values[Phases + 1] += Math.Max(0, fetch);
        values[Phases + 2] += Math.Max(0, run);
        values[Phases + 3] += Math.Max(0, upload);
    }

    /// <summary>Content was carried.</summary>
    public void AddBytes(long sent, long received)
    {
        values[Sent] += sent;
        values[Received] += received;
    }

    /// <summary>Adds an action of which all is known.</summary>
    public void Add(in ActionDelta action)
    {
        AddBytes(action.BytesSent, action.BytesReceived);
        if (action.Flags.ToOutcome() is not { } outcome)
            return;
        Count(outcome, 1);
        if (outcome == ActionOutcome.Hit && action.Run >= 0)
            AddSaved(action.Run, 1);
        else if ((action.Flags & ActionFlags.Executed) != 0)
            AddRun(action.Queue, action.Fetch, action.Run, action.Upload);
    }

    /// <summary>Adds other sums.</summary>
    public void Add(SumTable other)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] += other.values[i];
    }

    /// <summary>The sums as they are shown.</summary>
    public ActionSums ToSums()
    {
        long hits = this[ActionOutcome.Hit];
        long executed = this[ActionOutcome.Executed], merged = this[ActionOutcome.Merged], failed = this[ActionOutcome.Failed], stored = this[ActionOutcome.Stored];
        long misses = this[ActionOutcome.Miss] + executed + merged + failed + stored;
        return new ActionSums
        {
            Actions = hits + misses,
            Hits = hits,
            Misses = misses,
            Executed = executed,
            Merged = merged,
            Failed = failed,
            Stored = stored,
            BytesSent = values[Sent],
            BytesReceived = values[Received],
            TimeSavedSeconds = values[Saved] / 1000.0,
            HitsWithoutTime = hits - values[TimedHits],
            QueueSeconds = values[Phases] / 1000.0,
            FetchSeconds = values[Phases + 1] / 1000.0,
            RunSeconds = values[Phases + 2] / 1000.0,
            UploadSeconds = values[Phases + 3] / 1000.0,
        };
    }
}
