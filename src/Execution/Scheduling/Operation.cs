using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Scheduling;

/// <summary>One client's view of an action: one call of Execute, and those who wait for it.</summary>
internal sealed class Operation(OperationName name, Digest actionDigest, Submission submission)
{
    private long abandonedAtTicks;
    private long doneAtTicks;
    /// <summary>What the client asked for.</summary>
    public OperationRequest Request { get; } = new(name, new SharedDigest(actionDigest), submission);

    /// <summary>Its name.</summary>
    public OperationName Name => Request.Name;

    /// <summary>The action.</summary>
    public Digest ActionDigest => Request.Action.Value;

    /// <summary>What the client said about it.</summary>
    public Submission Submission => Request.Submission;

    /// <summary>What it waits for; null before it is queued, and once it is done.</summary>
    public Execution? Execution { get; set; }

    /// <summary>How it ended; null before that. Never changes from then on .</summary>
    public Outcome? Outcome { get; set; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset DoneAt
    {
        get => new(doneAtTicks, TimeSpan.Zero);
        set => doneAtTicks = value.UtcTicks;
    }

    /// <summary>How many streams are open; the call that started it counts from the start.</summary>
    public int Waiters { get; set; } = 1;

    /// <summary>Where it stands among those of its build.</summary>
    public int PlaceInBuild { get; set; }

    /// <summary>When the last waiter left; meaningful while there is none.</summary>
    public DateTimeOffset AbandonedAt
    {
        get => new(abandonedAtTicks, TimeSpan.Zero);
        set => abandonedAtTicks = value.UtcTicks;
    }

    /// <summary>True if nobody has waited for it for some time.</summary>
    public bool IsAbandoned(DateTimeOffset now, TimeSpan grace) => Waiters == 0 && AbandonedAt + grace <= now;

    /// <summary>What its clients may know.</summary>
    public OperationState ToState() => new(
        Request, Outcome is not null ? Stage.Completed : Execution?.Stage ?? Stage.CacheCheck, Execution?.Progress, Outcome, Execution);
}
