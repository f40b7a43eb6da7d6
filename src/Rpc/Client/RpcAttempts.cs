namespace RemoteExec.Rpc.Client;

/// <summary>The attempts at one thing, counted from the first failure. Not thread-safe.</summary>
/// <param name="patience">How long after the first failure there may be another attempt.</param>
/// <param name="time">The clock.</param>
public sealed class RpcAttempts(TimeSpan patience, TimeProvider time)
{
    private static readonly TimeSpan longestWait = TimeSpan.FromSeconds(2);
    private readonly Backoff backoff = new(longestWait, time);
    private long? firstFailure;

    /// <summary>True if the failure passes when the server is back, and there is patience left: then wait, and try again.</summary>
    public bool MayGoOn(RpcException failure)
    {
        if (failure.Code != StatusCode.Unavailable)
            return false;
        firstFailure ??= time.GetTimestamp();
        return time.GetElapsedTime(firstFailure.Value) < patience;
    }

    /// <summary>Waits before the next attempt.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task WaitAsync(CancellationToken cancellationToken) => backoff.WaitAsync(cancellationToken);

    /// <summary>Something came of an attempt: a later failure is a first one again.</summary>
    public void Reset()
    {
        firstFailure = null;
        backoff.Reset();
    }
}
