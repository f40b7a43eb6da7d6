namespace RemoteExec.Builds.Events;

/// <summary>An event does not fit to its stream as it stands.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">The same in words.</param>
internal sealed class EventRefusedException(EventRefusal reason, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public EventRefusal Reason { get; } = reason;
}
