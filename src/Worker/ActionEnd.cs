namespace RemoteExec.Worker;

/// <summary>How attempts at actions end, in a few words.</summary>
internal static class ActionEnd
{
    /// <summary>
    /// Of a command that ran to its end <c>ok</c>, <c>failed</c> (it exited with another code than 0), <c>signal</c>, <c>out_of_memory</c>; of one that was stopped <c>timeout</c>.
    /// Otherwise <c>cancelled</c>, <c>refused</c> (the action is no good, or inputs are missing), or <c>machine</c>: the worker or the CAS is to blame.
    /// </summary>
    public static string Of(ActionRun run) => run switch
    {
        { IsEnded: false } => "cancelled",
        { Outcome.TimedOut: true, Response.Result: not null } => "timeout",
        { Outcome: null } or { Response.Result: null } => run.IsRetryable ? "machine" : "refused",
        { Outcome.OutOfMemory: true } => "out_of_memory",
        { Outcome.Signal: not 0 } => "signal",
        { Outcome.ExitCode: 0 } => "ok",
        _ => "failed",
    };
}
