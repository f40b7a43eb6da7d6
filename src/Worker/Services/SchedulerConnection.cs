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
    private static readonly TimeSpan firstDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan longestDelay = TimeSpan.FromSeconds(5);
    private int unreachable;

    /// <summary>
    /// Posts a state until it is answered. Null if the scheduler held the call for <paramref name="patience"/>: nothing new, time to post again.
    /// </summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<SynchronizeResponse?> PostAsync(SynchronizeRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var options = new RpcCallOptions { Timeout = patience };
        for (TimeSpan delay = firstDelay; ; delay = Longer(delay))
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

            await DelayAsync(delay, cancellationToken);
        }
    }

    /// <summary>Waits about as long as told: slots that lost the scheduler together should not come back in one moment.</summary>
    public Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        Task.Delay(delay * (0.5 + Random.Shared.NextDouble()), time, cancellationToken);

    /// <summary>The delay that follows one.</summary>
    public static TimeSpan Longer(TimeSpan delay) => delay == default ? firstDelay : delay * 2 < longestDelay ? delay * 2 : longestDelay;
}
