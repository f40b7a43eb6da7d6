using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Worker.Services;

/// <summary>
/// Posts the states of slots to the scheduler, again and again until it answers: a scheduler that restarts is waited for. Shared by all slots.
/// </summary>
internal sealed class SchedulerConnection(RpcChannel scheduler, ILogger logger, TimeProvider time)
{
    private const string Method = "/remoteexec.worker.v1.WorkerQueue/Synchronize";
    private static readonly TimeSpan longestWait = TimeSpan.FromSeconds(5);
    private int unreachable;

    /// <summary>
    /// Posts a state until it is answered. Null if the scheduler held the call for <paramref name="patience"/>: nothing new, time to post again.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<SynchronizeResponse?> PostAsync(SynchronizeRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var options = new RpcCallOptions { Timeout = patience };
        Backoff backoff = NewBackoff();
        while (true)
        {
            try
            {
                SynchronizeResponse response =
                    await scheduler.UnaryAsync<SynchronizeRequest, SynchronizeResponse>(Method, request, cancellationToken, options);
                if (Interlocked.Exchange(ref unreachable, 0) == 1)
                    WorkerLog.SchedulerReached(logger);
                return response;
            }
            catch (RpcException exception) when (exception.Code == StatusCode.DeadlineExceeded)
            {
                return null;
            }
            catch (RpcException exception)
            {
                if (exception.Code
                    is StatusCode.InvalidArgument or StatusCode.Unimplemented or StatusCode.PermissionDenied or StatusCode.Unauthenticated)
                    WorkerLog.PostRefused(logger, request.SlotId, exception.Message);
                else if (Interlocked.Exchange(ref unreachable, 1) == 0)
                    WorkerLog.SchedulerUnreachable(logger, exception.Message);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The waits between posts that come to nothing.</summary>
    public Backoff NewBackoff() => new(longestWait, time);
}
