namespace RemoteExec.Rpc.Server.Limits;

/// <summary>There is no memory for a call now. As a status: RESOURCE_EXHAUSTED, with the time to wait.</summary>
/// <param name="message">What is wanted and what there is.</param>
/// <param name="wait">When to come again.</param>
public sealed class MemoryShortException(string message, TimeSpan wait) : Exception(message)
{
    /// <summary>When to come again.</summary>
    public TimeSpan Wait => wait;
}
