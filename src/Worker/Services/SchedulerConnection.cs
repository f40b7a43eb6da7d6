using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Worker.Services;

/// <summary>
/// Posts the states of slots to the scheduler, again and again until it answers: a scheduler that restarts is waited for. Shared by all slots.
/// </summary>
internal sealed class SchedulerConnection(RpcChannel scheduler, ILogger logger, TimeProvider time)
{
    private const string Service = "remoteexec.worker.v1.WorkerQueue";
    private const string Method = $"/{Service}/Synchronize";
    private const int None = 0;
    private const int Unreachable = 1;
    private const int Incompatible = 2;
    private const int Refused = 3;
    private static readonly TimeSpan longestWait = TimeSpan.FromSeconds(5);
    private bool draining; // what the last answer said, whichever slot it was for
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
                NoteDraining(response.Draining);
                return response;
            }
            catch (RpcException exception) when (exception.Code == StatusCode.DeadlineExceeded)
            {
                return null;
            }
            catch (RpcException exception)
            {
                Tell(exception);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The waits between posts that come to nothing.</summary>
    public Backoff NewBackoff() => new(longestWait, time);

    // Slots fail together: what is wrong with the connection is told once, not by each of them, again and again.
    private void Tell(RpcException failure)
    {
        int kind = failure.Code switch
        {
            StatusCode.InvalidArgument or StatusCode.PermissionDenied or StatusCode.Unauthenticated => Refused,
            StatusCode.Unimplemented => Incompatible,
            _ => Unreachable,
        };
        if (!Enters(kind))
            return;
        switch (kind)
        {
            case Refused:
                WorkerLog.PostRefused(logger, failure.Message);
                break;
            case Incompatible:
                WorkerLog.VersionsDoNotFit(logger, scheduler.Address.ToString(), $"{Service} in version {WorkerProtocol.Version}", failure.Status.Message);
                break;
            default:
                WorkerLog.SchedulerUnreachable(logger, failure.Message);
                break;
        }
    }

    private void NoteDraining(bool isDraining)
    {
        if (Interlocked.Exchange(ref draining, isDraining) == isDraining)
            return;
        if (isDraining)
            WorkerLog.Draining(logger);
        else
            WorkerLog.InService(logger);
    }

    private bool Enters(int state) => Interlocked.Exchange(ref trouble, state) != state;
}
