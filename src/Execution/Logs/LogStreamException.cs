namespace RemoteExec.Execution.Logs;

/// <summary>A call about a log stream failed.</summary>
/// <param name="reason">Why, in a word.</param>
/// <param name="message">What happened, and what to do.</param>
internal sealed class LogStreamException(LogStreamFailure reason, string message) : Exception(message)
{
    /// <summary>Why, in a word.</summary>
    public LogStreamFailure Reason { get; } = reason;

    /// <summary>There is no stream of a name.</summary>
    public static LogStreamException NotFound() => new(
        LogStreamFailure.NotFound,
        "there is no such live log here: it is kept for some minutes after its action has ended, and then the result of the action has the digest of the whole log; one that was begun anew "
        + "has another name, which the operation tells");

    /// <summary>The rest of a log is not going to come.</summary>
    public static LogStreamException BrokenOff(string why) => new(LogStreamFailure.BrokenOff, $"the live log broke off: {why}; when the action has ended, its result has the digest of the whole log");
}
