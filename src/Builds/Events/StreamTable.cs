using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>Where streams stand, in the database and, of those that go on, in memory. For the one who writes.</summary>
internal sealed class StreamTable(EventLimits limits)
{
    private const long TrimInterval = 10_000; // milliseconds
    private readonly Dictionary<EventStreamId, StreamState> known = [];
    private readonly HashSet<EventStreamId> changed = [];
    private long trimmed;

    /// <summary>Where a stream stands; at its beginning, if nothing is known of it.</summary>
    public StreamState Find(Statements statements, EventStreamId stream)
    {
        if (!known.TryGetValue(stream, out StreamState? state))
            known.Add(stream, state = Read(statements, stream) ?? new StreamState(0, isOpened: false, isFinished: false));
        return state;
    }

    /// <summary>True if a build, or an invocation of one, was announced.</summary>
    public bool IsAnnounced(Statements statements, string build, string invocation) =>
        changed.Any(stream => stream.Build == build && stream.Invocation == invocation && known[stream].IsOpened)
        || statements.ReadLong(
            "SELECT EXISTS (SELECT 1 FROM event_streams WHERE build = $build AND invocation = $invocation AND opened = 1)", ("$build", build), ("$invocation", invocation)) == 1;

    /// <summary>Where a stream stands has changed.</summary>
    public void Change(EventStreamId stream, long now)
    {
        known[stream].Seen = now;
        changed.Add(stream);
    }

    /// <summary>Writes what has changed.</summary>
    public void Write(Statements statements, long now)
    {
        foreach (EventStreamId stream in changed)
        {
            StreamState state = known[stream];
            statements.Execute(
                """
                INSERT INTO event_streams (build, invocation, component, last, opened, finished, seen) VALUES ($build, $invocation, $component, $last, $opened, $finished, $seen)
                ON CONFLICT (build, invocation, component) DO UPDATE SET last = excluded.last, opened = excluded.opened, finished = excluded.finished, seen = excluded.seen
                """,
                ("$build", stream.Build), ("$invocation", stream.Invocation), ("$component", stream.Component), ("$last", state.Last), ("$opened", state.IsOpened), ("$finished", state.IsFinished),
                ("$seen", state.Seen));
        }

        if (now - trimmed < TrimInterval)
            return;
        trimmed = now;
        statements.Execute("DELETE FROM event_streams WHERE seen < $oldest", ("$oldest", now - (long)limits.StreamMemory.TotalMilliseconds));
        statements.Execute(
            "DELETE FROM event_streams WHERE seen <= (SELECT seen FROM event_streams ORDER BY seen DESC LIMIT 1 OFFSET $most)", ("$most", limits.KnownStreams));
    }

    /// <summary>What was written is on the disk.</summary>
    public void Commit()
    {
        foreach (EventStreamId stream in changed)
            known[stream].Commit();
        changed.Clear();
        Forget();
    }

    /// <summary>What was to be written is not.</summary>
    public void Revert()
    {
        foreach (EventStreamId stream in changed)
            known[stream].Revert();
        changed.Clear();
    }

    /// <summary>The file was begun anew: what is known of streams that go on is to be written into it.</summary>
    public void Restore()
    {
        changed.Clear();
        changed.UnionWith(known.Where(stream => stream.Value.Last > 0).Select(stream => stream.Key));
    }

    // Those that are silent can be read again.
    private void Forget()
    {
        if (known.Count <= limits.KnownStreams)
            return;
        foreach (EventStreamId stream in known.OrderBy(stream => stream.Value.Seen).Take(known.Count - (limits.KnownStreams / 2)).Select(stream => stream.Key).ToArray())
            known.Remove(stream);
    }

    private static StreamState? Read(Statements statements, EventStreamId stream) => statements.Read(
        "SELECT last, opened, finished, seen FROM event_streams WHERE build = $build AND invocation = $invocation AND component = $component",
        row => new StreamState(row.GetInt64(0), row.GetBoolean(1), row.GetBoolean(2)) { Seen = row.GetInt64(3) },
        ("$build", stream.Build), ("$invocation", stream.Invocation), ("$component", stream.Component)).FirstOrDefault();
}
