namespace RemoteExec.Server.Fetching;

/// <summary>Something could not be fetched; the message says what from, and why.</summary>
internal sealed class FetchFailedException(string message, Exception? innerException = null) : Exception(message, innerException);
