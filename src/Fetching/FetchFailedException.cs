namespace RemoteExec.Fetching;

/// <summary>Something could not be fetched; the message says what from, and why.</summary>
public sealed class FetchFailedException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Why.</summary>
    public FetchFailure Failure { get; init; }
}
