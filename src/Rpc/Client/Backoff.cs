namespace RemoteExec.Rpc.Client;

/// <summary>
/// Waits between attempts: each about twice as long as the one before, up to a bound, and no two clients' alike: those that lost their server in
/// one moment should not come back in one. Not thread-safe.
/// </summary>
/// <param name="longest">The bound.</param>
/// <param name="time">The clock.</param>
public sealed class Backoff(TimeSpan longest, TimeProvider time)
{
    private static readonly TimeSpan first = TimeSpan.FromMilliseconds(100);
    private TimeSpan next = first;

    /// <summary>Waits: between half of the time that it is the turn of, and half as long again.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        TimeSpan delay = (next < longest ? next : longest) * (0.5 + Random.Shared.NextDouble());
        next *= 2;
        if (next > longest)
            next = longest;
        return Task.Delay(delay, time, cancellationToken);
    }

    /// <summary>Begins anew with a short wait: what was waited for has come.</summary>
    public void Reset() => next = first;
}
