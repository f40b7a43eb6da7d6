using RemoteExec.Execution.Operations;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// One action in flight, for all operations that wait for it (EXE-09). Ordered by urgency within one build: lower priority number (EXE-16), then longer critical
/// path, then first come.
/// </summary>
internal sealed class Execution(long id, PreparedAction action, DateTimeOffset queuedAt) : IComparable<Execution>
{
    private long restsUntilTicks;
    private readonly long queuedTicks = queuedAt.UtcTicks;
    private long enqueuedAtTicks;
    private Few<Operation> operations;
    private Few<FairShare> lines;
    private Few<Run> runs;

    /// <summary>Its number: later ones have higher numbers.</summary>
    public long Id { get; } = id;

    /// <summary>The action.</summary>
    public PreparedAction Action { get; } = action;

    /// <summary>When it was first queued.</summary>
    public DateTimeOffset QueuedAt => new(queuedTicks, TimeSpan.Zero);

    /// <summary>Who waits for it; it is stopped when there is nobody left.</summary>
    public ref Few<Operation> Operations => ref operations;

    /// <summary>The builds in whose lines it stands; none unless it is queued.</summary>
    public ref Few<FairShare> Lines => ref lines;

    /// <summary>The attempts under way: mostly one, two when it is hedged.</summary>
    public ref Few<Run> Runs => ref runs;

    /// <summary>The most urgent priority among those who wait, or have waited. Must not change while it is queued.</summary>
    public int Priority { get; set; } = int.MaxValue;

    /// <summary>Where it stands.</summary>
    public ExecutionPhase Phase { get; set; }

    /// <summary>How often it was given to a worker; an attempt that was handed back unharmed does not count.</summary>
    public int Attempts { get; set; }

    /// <summary>What its clients are told: it never goes back to QUEUED .</summary>
    public Stage Stage { get; set; } = Stage.Queued;

    /// <summary>What is known of the run so far; null before the first.</summary>
    public RunProgress? Progress { get; set; }

    /// <summary>What it is thought to need.</summary>
    public Estimate Expected { get; set; }

    /// <summary>The least memory it gets: more than it had when it ran out of it.</summary>
    public long MemoryFloor { get; set; }

    /// <summary>The workers that failed at it: others are tried first. Null if none has. Must not change while it is queued.</summary>
    public HashSet<string>? FailedOn { get; set; }

    /// <summary>Earlier leases, of attempts that were given up: what comes of them may still be of use. Null if there are none.</summary>
    public List<string>? PastLeases { get; set; }

    /// <summary>The result that is being recorded; null if none is.</summary>
    public SchedulerEffect.Record? Reported { get; set; }

    /// <summary>How often another was started although it was this one's turn.</summary>
    public int PassedOver { get; set; }

    /// <summary>When it was last put into a queue.</summary>
    public DateTimeOffset EnqueuedAt
    {
        get => new(enqueuedAtTicks, TimeSpan.Zero);
        set => enqueuedAtTicks = value.UtcTicks;
    }

    /// <summary>When it is queued again; meaningful while it rests.</summary>
    public DateTimeOffset RestsUntil
    {
        get => new(restsUntilTicks, TimeSpan.Zero);
        set => restsUntilTicks = value.UtcTicks;
    }

    /// <summary>The queue in which it waits, or from which it was taken to be run; null before and after that.</summary>
    public PlatformQueue? Queue { get; set; }

    /// <summary>The worker that is kept free for it; null if none is.</summary>
    public WorkerNode? ReservedOn { get; set; }

    /// <summary>The one that was queued before it in the same queue.</summary>
    public Execution? Previous { get; set; }

    /// <summary>The one that was queued after it in the same queue.</summary>
    public Execution? Next { get; set; }

    /// <inheritdoc/>
    public int CompareTo(Execution? other)
    {
        if (other is null)
            return 1;
        int byPriority = Priority.CompareTo(other.Priority);
        if (byPriority != 0)
            return byPriority;
        int byPath = other.Action.Wish.CriticalPath.CompareTo(Action.Wish.CriticalPath);
        return byPath != 0 ? byPath : Id.CompareTo(other.Id);
    }
}
