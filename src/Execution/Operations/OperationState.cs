using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Operations;

/// <summary>
/// An operation as its clients see it at one moment. The messages in it are shared and never change. A stage never goes back: some clients
/// take EXECUTING → QUEUED for a fault, so an action that lost its worker stays EXECUTING until the next one has it.
/// </summary>
/// <param name="Request">What the client asked for.</param>
/// <param name="Stage">How far it has come; COMPLETED exactly if there is an outcome (EXE-02).</param>
/// <param name="Progress">What is known of the run so far; null before it is given to a worker.</param>
/// <param name="Outcome">How it ended; null before that.</param>
internal sealed record OperationState(
    OperationRequest Request, Stage Stage, RunProgress? Progress, Outcome? Outcome)
{
    private readonly long queuedTicks;

    /// <summary>The state of an operation that may have been queued already.</summary>
    public OperationState(OperationRequest request, Stage stage, RunProgress? progress, Outcome? outcome, Scheduling.Execution? execution)
        : this(request, stage, progress, outcome) => queuedTicks = execution?.QueuedAt.UtcTicks ?? 0;

    /// <summary>When it was queued; null before that.</summary>
    public DateTimeOffset? QueuedAt => queuedTicks > 0 ? new DateTimeOffset(queuedTicks, TimeSpan.Zero) : null;

    /// <summary>Its name.</summary>
    public OperationName Name => Request.Name;

    /// <summary>The action.</summary>
    public Digest ActionDigest => Request.Action.Value;

    /// <summary>What the client said about it.</summary>
    public Submission Submission => Request.Submission;

    /// <summary>True if it has ended; it never changes from then on .</summary>
    public bool IsDone => Outcome is not null;
}
