namespace RemoteExec.Server.Cli;

/// <summary>A command line that parses, but makes no sense; the message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
