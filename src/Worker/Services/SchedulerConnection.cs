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
    private const int None = 0;
    private const int Unreachable = 1;
    private const int NoWorkerListener = 2;
    private static readonly TimeSpan longestWait = TimeSpan.FromSeconds(5);
    private int trouble; // 0 none, or what was logged last; the next answer ends it

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
                if (Enters(None))
                    WorkerLog.SchedulerReached(logger);
                return response;
            }
            catch (RpcException exception) when (exception.Code == StatusCode.DeadlineExceeded)
            {
                return null;
            }
            catch (RpcException exception)
            {
                Tell(exception, request.SlotId);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The waits between posts that come to nothing.</summary>
    public Backoff NewBackoff() => new(longestWait, time);

    // Slots fail together: what is wrong with the connection is told once, not by each of them, again and again.
    private void Tell(RpcException failure, string slot)
    {
        if (failure.Code is StatusCode.InvalidArgument or StatusCode.PermissionDenied or StatusCode.Unauthenticated)
            WorkerLog.PostRefused(logger, slot, failure.Message);
        else if (failure.Code == StatusCode.Unimplemented && Enters(NoWorkerListener))
            WorkerLog.NoWorkerListener(logger, scheduler.Address.ToString());
        else if (failure.Code != StatusCode.Unimplemented && Enters(Unreachable))
            WorkerLog.SchedulerUnreachable(logger, failure.Message);
    }

    private bool Enters(int state) => Interlocked.Exchange(ref trouble, state) != state;
}
