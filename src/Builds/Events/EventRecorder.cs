using RemoteExec.Builds.Storage;

namespace RemoteExec.Builds.Events;

/// <summary>
/// What becomes of events: a state machine, whose state is in the database, and what changes within a transaction there and in memory. Each event is taken once, in the order of its stream;
/// one that was taken before changes nothing. For the one who writes.
/// </summary>
internal sealed class EventRecorder(EventLimits limits)
{
    private readonly StreamTable streams = new(limits);
    private readonly ReportTable reports = new(limits);

    /// <summary>Takes an event, within a transaction; after that is committed it may be acknowledged.</summary>
    /// <exception cref="EventRefusedException">It does not fit; nothing is changed.</exception>
    public EventOutcome Take(Statements statements, StreamEvent told, long now)
    {
        StreamState stream = streams.Find(statements, told.Stream);
        if (told.Kind == StreamEventKind.Gone)
        {
            if (!stream.IsFinished)
                ReportTable.Leave(statements, told.Stream, now);
            return EventOutcome.Ignored;
        }

        if (told.Sequence <= stream.Last)
            return EventOutcome.Repeated;
        if (told.Sequence != stream.Last + 1)
            throw new EventRefusedException(EventRefusal.OutOfOrder, $"event {told.Sequence} came where {stream.Last + 1} is next: events of a stream are numbered 1, 2, 3 and so on, and come in this order");
        if (stream.IsFinished)
            throw new EventRefusedException(EventRefusal.OutOfOrder, $"event {told.Sequence} came after {stream.Last}, with which its stream has ended");
        if (told.NeedsParent && MissingParent(statements, told) is { } missing)
            throw new EventRefusedException(EventRefusal.NotAnnounced, missing);

        stream.Last = told.Sequence;
        stream.IsOpened |= told.Kind is StreamEventKind.BuildEnqueued or StreamEventKind.InvocationStarted;
        stream.IsFinished |= told.Kind == StreamEventKind.ToolFinished;
        streams.Change(told.Stream, now);
        reports.Take(statements, told, now);
        return told switch
        {
            { IsMalformed: true } => EventOutcome.Malformed,
            { Kind: StreamEventKind.Tool, Fact: null } => EventOutcome.Ignored,
            _ => EventOutcome.Kept,
        };
    }

    /// <summary>Writes what the transaction has to end with.</summary>
    public void Write(Statements statements, long now) => streams.Write(statements, now);

    /// <summary>The transaction is committed.</summary>
    public void Commit()
    {
        streams.Commit();
        reports.Forget();
    }

    /// <summary>The transaction has come to nothing.</summary>
    public void Revert()
    {
        streams.Revert();
        reports.Forget();
    }

    /// <summary>The file was begun anew. Clients go on where they are: of what they have sent before nothing is known but how far it went.</summary>
    public void Restore() => streams.Restore();

    private string? MissingParent(Statements statements, StreamEvent told) => told.Kind switch
    {
        StreamEventKind.BuildEnqueued => null,
        StreamEventKind.BuildFinished or StreamEventKind.InvocationStarted => streams.IsAnnounced(statements, told.Stream.Build, "") ? null : $"build '{told.Stream.Build}' was not announced",
        _ => streams.IsAnnounced(statements, told.Stream.Build, told.Stream.Invocation) ? null : $"invocation '{told.Stream.Invocation}' of build '{told.Stream.Build}' was not announced",
    };
}
