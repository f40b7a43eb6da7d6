namespace RemoteExec.Server;

/// <summary>The server can't start; the message is one line that tells a person what to change.</summary>
internal sealed class StartupException(string message, Exception? innerException = null) : Exception(message, innerException);
