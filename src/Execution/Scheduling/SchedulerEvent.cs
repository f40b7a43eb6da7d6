using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

/// <summary>What can happen to the <see cref="Scheduler"/>. What refers to an operation, a post or an execution that is no more is ignored.</summary>
internal abstract record SchedulerEvent
{
    private SchedulerEvent()
    {
    }

    /// <summary>A client called Execute, and waits.</summary>
    internal sealed record OperationStarted(OperationName Name, Digest ActionDigest, Submission Submission) : SchedulerEvent
    {
        /// <summary>Goes into the operation's request as it is.</summary>
        public OperationFeed? Feed { get; init; }
    }

    /// <summary>The action of an operation is good, and has to be run.</summary>
    internal sealed record OperationPrepared(OperationName Name, PreparedAction Action) : SchedulerEvent;

    /// <summary>The operation ended before it was queued: the cache has a result, or the action is no good.</summary>
    internal sealed record OperationAnswered(OperationName Name, Outcome Outcome) : SchedulerEvent;

    /// <summary>A further client waits.</summary>
    internal sealed record WaiterJoined(OperationName Name) : SchedulerEvent;

    /// <summary>A client waits no more.</summary>
    internal sealed record WaiterLeft(OperationName Name) : SchedulerEvent;

    /// <summary>A client called CancelOperation.</summary>
    internal sealed record OperationCancelled(OperationName Name) : SchedulerEvent;

    /// <summary>A client called DeleteOperation.</summary>
    internal sealed record OperationDeleted(OperationName Name) : SchedulerEvent;

    /// <summary>A slot posted its state, to be answered by <see cref="SchedulerEffect.AnswerPoll"/> with the same, new, number.</summary>
    internal sealed record SlotPosted(SynchronizeRequest Post, long Poll) : SchedulerEvent;

    /// <summary>The connection of a held post broke; it needs no answer.</summary>
    internal sealed record PollBroken(string SlotId, long Poll) : SchedulerEvent;

    /// <summary>The result of an execution was checked and, if it may be, stored.</summary>
    internal sealed record ResultRecorded(long ExecutionId, Outcome Outcome) : SchedulerEvent;

    /// <summary>The result of an execution is no good: malformed, or it names outputs that are not there.</summary>
    internal sealed record ResultRefused(long ExecutionId, string Message) : SchedulerEvent;

    /// <summary>An operator takes workers out of service, or back: those of a name, or with a * at its end of all that begin so.</summary>
    internal sealed record WorkersDrained(string Name, bool Undo, TimeSpan? Grace) : SchedulerEvent;

    /// <summary>An operator cancels a build: what it starts from now on is refused.</summary>
    internal sealed record BuildCancelled(string Invocation) : SchedulerEvent;

    /// <summary>Nothing but time.</summary>
    internal sealed record TimePassed : SchedulerEvent;

    /// <summary>The server shuts down: what runs may end, nothing new starts.</summary>
    internal sealed record DrainStarted : SchedulerEvent;

    /// <summary>Another scheduler goes on with everything: this one does nothing more.</summary>
    internal sealed record HandedOver : SchedulerEvent;

    /// <summary>The server's patience is over: everything ends now.</summary>
    internal sealed record Stopped : SchedulerEvent;
}
