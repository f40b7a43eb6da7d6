namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>One thing that happens; what <paramref name="Which"/> and <paramref name="How"/> mean depends on the kind.</summary>
internal sealed record Step(StepKind Kind, int Which, int How);

/// <summary>What can happen.</summary>
internal enum StepKind
{
    Start,
    Prepare,
    Post,
    PostAgain,
    Complete,
    Fail,
    FailForGood,
    Vanish,
    LeaveSlot,
    BreakPoll,
    Record,
    RefuseRecord,
    WaiterLeaves,
    WaiterJoins,
    Cancel,
    Delete,
    PassTime,
    RunOutOfMemory,
    Return,
    Drain,
    FailOver,
    CrashInResult,
    CrashInRecord,
}
