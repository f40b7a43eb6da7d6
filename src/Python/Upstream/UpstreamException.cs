namespace RemoteExec.Python.Upstream;

/// <summary>An upstream has not what is asked for, or not any more what it had.</summary>
public sealed class UpstreamException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>True if it may be had later.</summary>
    public bool MayPass { get; init; }
}
