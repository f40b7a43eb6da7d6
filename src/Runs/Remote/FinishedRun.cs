using RemoteExec.Protocol;

namespace RemoteExec.Runs.Remote;

/// <summary>How an operation ended.</summary>
/// <param name="Action">The action.</param>
/// <param name="Operation">The operation's name.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Response">What the server told.</param>
public sealed record FinishedRun(Digest Action, string Operation, RunOutcome Outcome, Reapi.ExecuteResponse Response)
{
    /// <summary>What came of the command; null if it did not run to its end, and nothing is known of it.</summary>
    public Reapi.ActionResult? Result => Response.Result;

    /// <summary>True if the result was in the cache, and nothing ran.</summary>
    public bool IsCached => Response.CachedResult;

    /// <summary>The worker's name; empty if the server does not tell.</summary>
    public string Worker => Result?.ExecutionMetadata?.Worker ?? "";

    /// <summary>
    /// The exit code of a process that passes the command's on: that code, and 128 + n for signal n, as shells have it. Codes that no process can have are never 0.
    /// </summary>
    public int ExitCode => Result?.ExitCode switch
    {
        null => 0,
        < 0 and var signal => 128 + (-signal & 0x7F),
        > 255 and var large => (large & 0xFF) is var low and not 0 ? low : 255,
        var code => code.Value,
    };

    /// <summary>What went wrong, if the command did not run to its end.</summary>
    public string Failure => Outcome switch
    {
        RunOutcome.Ran => "",
        RunOutcome.TimedOut => $"the command was stopped, as it took too long: {Response.Status.Message}",
        RunOutcome.Cancelled => $"the operation was cancelled: {Response.Status.Message}",
        _ => $"the server could not run it: {Response.Status.Message}",
    };
}
