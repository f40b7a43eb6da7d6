namespace RemoteExec.Worker.Replay;

/// <summary>An action can't be replayed here; the message says why, for people.</summary>
public sealed class ReplayException : Exception
{
    /// <summary>Says why.</summary>
    public ReplayException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
