namespace RemoteExec.Runs;

/// <summary>A command could not be run, or what came of it can't be had; the message is one line that says what to change.</summary>
public sealed class RunException(string message, Exception? innerException = null) : Exception(message, innerException);
