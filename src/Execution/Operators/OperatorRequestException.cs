namespace RemoteExec.Execution.Operators;

/// <summary>An operator asked for something that makes no sense, whatever the state of the scheduler.</summary>
/// <param name="message">Which value was bad, and what to write instead.</param>
public sealed class OperatorRequestException(string message) : Exception(message);
