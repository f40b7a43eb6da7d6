namespace RemoteExec.Rpc.Client;

/// <summary>
/// Repeats calls that failed because the server was out of reach, as it is while it restarts: for calls that may be repeated without harm.
/// </summary>
/// <param name="patience">How long after the first failure of a call it is still repeated; zero for never.</param>
/// <param name="time">The clock.</param>
public sealed class RpcRetry(TimeSpan patience, TimeProvider time)
{
    /// <summary>The attempts at one call, or at one part of one.</summary>
    public RpcAttempts Begin() => new(patience, time);

    /// <summary>Calls until that succeeds, fails for another reason, or patience is over.</summary>
    /// <exception cref="RpcException">The last failure.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        RpcAttempts attempts = Begin();
        while (true)
        {
            try
            {
                return await call();
            }
            catch (RpcException exception) when (attempts.MayGoOn(exception))
            {
            }

            await attempts.WaitAsync(cancellationToken);
        }
    }
}
