using RemoteExec.Execution.Operations;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// One action in flight, for all operations that wait for it (EXE-09). Ordered by urgency: lower priority number, then first come (EXE-16).
/// </summary>
internal sealed class Execution(long id, PreparedAction action, DateTimeOffset queuedAt) : IComparable<Execution>
{
    /// <summary>Its number: later ones have higher numbers.</summary>
    public long Id { get; } = id;

    /// <summary>The action.</summary>
    public PreparedAction Action { get; } = action;

    /// <summary>When it was first queued.</summary>
    public DateTimeOffset QueuedAt { get; } = queuedAt;

    /// <summary>Who waits for it; it is stopped when there is nobody left.</summary>
    public List<Operation> Operations { get; } = [];

    /// <summary>The most urgent priority among those who wait, or have waited. Must not change while it is queued.</summary>
    public int Priority { get; set; } = int.MaxValue;

    /// <summary>Where it stands.</summary>
    public ExecutionPhase Phase { get; set; }

    /// <summary>How often it was given to a worker; an attempt that was handed back unharmed does not count.</summary>
    public int Attempts { get; set; }

    /// <summary>What its clients are told: it never goes back to QUEUED .</summary>
    public Stage Stage { get; set; } = Stage.Queued;

    /// <summary>What is known of the run so far; replaced, never changed.</summary>
    public Reapi.ExecutedActionMetadata? Progress { get; set; }

    /// <summary>The current attempt; null if there is none.</summary>
    public Lease? Lease { get; set; }

    /// <summary>Who has the current attempt; null if there is none.</summary>
    public Slot? Slot { get; set; }

    /// <summary>The workers that failed at it: others are tried first.</summary>
    public HashSet<string> FailedOn { get; } = new(StringComparer.Ordinal);

    /// <summary>When it was last put into a queue.</summary>
    public DateTimeOffset EnqueuedAt { get; set; }

    /// <summary>When it is queued again; meaningful while it rests.</summary>
    public DateTimeOffset RestsUntil { get; set; }

    /// <inheritdoc/>
    public int CompareTo(Execution? other)
    {
        if (other is null)
            return 1;
        int byPriority = Priority.CompareTo(other.Priority);
        return byPriority != 0 ? byPriority : Id.CompareTo(other.Id);
    }
}
