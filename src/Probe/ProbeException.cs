namespace RemoteExec.Probe;

/// <summary>A server could not be tried.</summary>
/// <param name="failure">Why.</param>
/// <param name="message">What it said, or what went wrong.</param>
public sealed class ProbeException(CallFailure failure, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public CallFailure Failure { get; } = failure;
}
