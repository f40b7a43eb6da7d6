namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// What has to be looked at, and when. An entry is a reminder, not a fact: whoever takes it looks whether the time has really come.
/// </summary>
internal sealed class Agenda
{
    private readonly PriorityQueue<object, (DateTimeOffset At, long Number)> entries = new();
    private long number;

    /// <summary>The time of the first entry; null if there is none.</summary>
    public DateTimeOffset? Next => entries.TryPeek(out _, out (DateTimeOffset At, long Number) first) ? first.At : null;

    /// <summary>Plans a look at something.</summary>
    public void Add(DateTimeOffset at, object subject) => entries.Enqueue(subject, (at, ++number));

    /// <summary>Takes the first entry whose time has come; null if there is none.</summary>
    public object? TakeDue(DateTimeOffset now)
    {
        if (!(Next <= now))
            return null;
        return entries.Dequeue();
    }
}
