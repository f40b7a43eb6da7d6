namespace RemoteExec.Worker.Persistent;

/// <summary>A persistent process could not do what it was asked for: the action is to be run the ordinary way.</summary>
internal sealed class PersistentException(string message, Exception? cause = null) : Exception(message, cause);
