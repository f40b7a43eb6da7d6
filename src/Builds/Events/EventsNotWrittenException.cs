namespace RemoteExec.Builds.Events;

/// <summary>Events could not be brought to the disk; their clients are to send them again.</summary>
internal sealed class EventsNotWrittenException(string message, Exception? cause = null) : Exception(message, cause);
