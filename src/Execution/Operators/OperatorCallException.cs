namespace RemoteExec.Execution.Operators;

/// <summary>A call to the scheduler of another process failed.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">What the other side said, or why it said nothing.</param>
/// <param name="cause">The failure of the call.</param>
public sealed class OperatorCallException(OperatorCallFailure reason, string message, Exception cause) : Exception(message, cause)
{
    /// <summary>Why.</summary>
    public OperatorCallFailure Reason { get; } = reason;
}
