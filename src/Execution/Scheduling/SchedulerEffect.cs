using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>What the <see cref="Scheduler"/> wants done, in this order.</summary>
internal abstract record SchedulerEffect
{
    private SchedulerEffect()
    {
    }

    /// <summary>
    /// Read and check an action and look it up, then report <see cref="SchedulerEvent.OperationPrepared"/> or
    /// <see cref="SchedulerEvent.OperationAnswered"/>.
    /// </summary>
    internal sealed record Prepare(OperationName Name, Digest ActionDigest, bool SkipCacheLookup) : SchedulerEffect;

    /// <summary>Tell those who wait.</summary>
    internal sealed record Publish(OperationState State) : SchedulerEffect;

    /// <summary>The operation is no more.</summary>
    internal sealed record Forget(OperationRequest Request) : SchedulerEffect
    {
        /// <summary>Its name.</summary>
        public OperationName Name => Request.Name;
    }

    /// <summary>Answer a post: execute under this lease, or be idle. Each post is answered once, unless its connection broke.</summary>
    internal sealed record AnswerPoll(long Poll, Lease? Lease, bool IsDraining) : SchedulerEffect
    {
        /// <summary>What the worker may be given next.</summary>
        public IReadOnlyList<PreparedAction> Upcoming { get; init; } = [];
    }

    /// <summary>
    /// Check that the outputs are there, store the result if told, then report <see cref="SchedulerEvent.ResultRecorded"/> or
    /// <see cref="SchedulerEvent.ResultRefused"/>.
    /// </summary>
    internal sealed record Record(long ExecutionId, Digest ActionDigest, Reapi.ExecuteResponse Response, bool Store) : SchedulerEffect
    {
        /// <summary>What was said about the action by who waits for it, the first if several do; null if nobody does any more.</summary>
        public Submission? Submission { get; init; }

        /// <summary>True if it may have been stored already, by the scheduler before this one.</summary>
        public bool IsRepeated { get; init; }
    }

    /// <summary>Count an attempt, of an execution that waited so long for it.</summary>
    internal sealed record RunStarted(TimeSpan Waited, Digest Action, string? TraceContext) : SchedulerEffect;

    /// <summary>Count an attempt that is over: done, failed, out_of_memory, lost, handed_back or stopped.</summary>
    internal sealed record RunEnded(string Result, TimeSpan Took) : SchedulerEffect;

    /// <summary>Tell the operator that a worker gets nothing for a while, because attempts failed on it.</summary>
    internal sealed record WorkerQuarantined(string Worker, int Failures, TimeSpan Time) : SchedulerEffect;

    /// <summary>Tell the operator that the first slot of a worker is there.</summary>
    internal sealed record WorkerJoined(string Worker, PlatformKey Platform) : SchedulerEffect;

    /// <summary>Tell the operator that the last slot of a worker has said goodbye or, if it is lost, was not heard of in time.</summary>
    internal sealed record WorkerLeft(string Worker, bool IsLost) : SchedulerEffect;
}
