namespace RemoteExec.Execution.Availability;

/// <summary>No scheduler is the active one, or none can be reached; the same call may succeed soon.</summary>
/// <param name="message">What is known of it.</param>
public sealed class NoActiveSchedulerException(string message) : Exception(message);
