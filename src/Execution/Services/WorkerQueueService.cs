using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Workers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>The service through which workers get their actions; not for clients.</summary>
/// <param name="queue">Has the actions.</param>
/// <param name="options">The settings.</param>
/// <param name="logger">Told of workers at fault.</param>
/// <param name="tokens">Makes what workers show where they reach blobs; null if their own credentials do.</param>
public sealed class WorkerQueueService(ActionQueue queue, ExecutionOptions options, ILogger logger, LeaseTokens? tokens = null)
{
    /// <summary>The methods.</summary>
    public RpcService ToRpcService() => new RpcService(WorkerReflection.Descriptor, "WorkerQueue", ExecutionErrors.ToStatus)
        .Unary<SynchronizeRequest, SynchronizeResponse>("Synchronize", SynchronizeAsync);

    private async Task<SynchronizeResponse> SynchronizeAsync(SynchronizeRequest request, RpcCall call)
    {
        Check(request);
        PollAnswer answer = await queue.SynchronizeAsync(request, call.CancellationToken);
        var response = new SynchronizeResponse
        {
            LeaseDuration = Duration.FromTimeSpan(options.LeaseDuration),
            ProtocolMinor = WorkerProtocol.Minor,
            Draining = answer.IsDraining,
        };
        if (answer.Lease is { } lease)
        {
            response.Execute = ToProto(lease);
            response.Upcoming.AddRange(answer.Upcoming.Select(ToUpcoming));
            if (tokens is not null)
                AddTokens(tokens, response, lease, request.WorkerName);
        }
        else
        {
            response.Idle = new SynchronizeResponse.Types.Idle();
        }

        return response;
    }

    private void Check(SynchronizeRequest request)
    {
        if (request.SlotId.Length == 0)
            throw RequestArguments.Invalid("slot_id is empty");
        if (tokens is not null && request is { ProtocolMinor: < WorkerProtocol.MinorWithLeaseTokens, StateCase: SynchronizeRequest.StateOneofCase.Idle } && Caller.Current?.HasOneOfEverywhere(Right.WriteCas) != true)
        {
            throw new RpcException(
                StatusCode.PermissionDenied,
                $"worker '{request.WorkerName}' speaks 1.{request.ProtocolMinor} of the worker protocol, and this server gives access to blobs by what 1.{WorkerProtocol.MinorWithLeaseTokens} knows: upgrade the worker");
        }

        switch (request.StateCase)
        {
            case SynchronizeRequest.StateOneofCase.None:
                throw RequestArguments.Invalid("the post has no state");
            case SynchronizeRequest.StateOneofCase.Executing when request.Executing.LeaseId.Length == 0:
            case SynchronizeRequest.StateOneofCase.Completed when request.Completed.LeaseId.Length == 0:
                throw RequestArguments.Invalid("lease_id is empty");
            case SynchronizeRequest.StateOneofCase.Completed:
                request.Completed.Response = ToGoodResponse(request.Completed.Response, request.WorkerName);
                break;
        }
    }

    // Whatever a worker says, what goes on from here has a result or an error that executions may end with (EXE-04, Q-10).
    private Reapi.ExecuteResponse ToGoodResponse(Reapi.ExecuteResponse? response, string worker)
    {
        response ??= new Reapi.ExecuteResponse();
        response.CachedResult = false;
        StatusCode code = (StatusCode)(response.Status?.Code ?? 0);
        if (code == StatusCode.Ok && response.Result is null)
        {
            ExecutionLog.WorkerAtFault(logger, worker, "it completed an action with neither result nor error");
            response.Status = new Google.Rpc.Status
            {
                Code = (int)StatusCode.Internal,
                Message = $"worker '{worker}' told neither a result nor an error",
            };
        }
        else if (code is not (StatusCode.Ok or StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.ResourceExhausted
            or StatusCode.Unavailable or StatusCode.Internal or StatusCode.DeadlineExceeded))
        {
            // Among them NOT_FOUND, which is no answer to Execute, and CANCELLED, which only CancelOperation gives.
            ExecutionLog.WorkerAtFault(logger, worker, $"it completed an action with {code}");
            response.Status = new Google.Rpc.Status
            {
                Code = (int)StatusCode.Internal,
                Message = $"worker '{worker}' failed with {code}: {response.Status!.Message}",
            };
        }

        return response;
    }

    private static SynchronizeResponse.Types.Execute ToProto(Lease lease) => new()
    {
        LeaseId = lease.Id,
        InstanceName = lease.Action.Digest.Instance.Value,
        DigestFunction = (Reapi.DigestFunction.Types.Value)lease.Action.Digest.Function,
        ActionDigest = lease.Action.Digest.ToProto(),
        Action = lease.Action.ToProto(),
        Timeout = Duration.FromTimeSpan(lease.Action.Timeout),
        QueuedTimestamp = Timestamp.FromDateTimeOffset(lease.QueuedAt),
        RequestMetadata = MetadataTable.Complete(lease.RequestMetadata, lease.Action.Digest),
        TraceContext = lease.TraceContext ?? "",
        Resources = lease.SetAside is { } some ? ToProto(some) : null,
        AskedFor = lease.Action.Wish.Asked == default ? null : ToProto(lease.Action.Wish.Asked),
    };

    private static void AddTokens(LeaseTokens tokens, SynchronizeResponse response, Lease lease, string worker)
    {
        response.Execute.LeaseToken = tokens.ForAction(lease, worker);
        foreach (IGrouping<string, SynchronizeResponse.Types.Upcoming> some in response.Upcoming.GroupBy(one => one.InstanceName, StringComparer.Ordinal))
        {
            string token = tokens.ForInputs(InstanceName.Parse(some.Key), lease, worker);
            foreach (SynchronizeResponse.Types.Upcoming one in some)
                one.LeaseToken = token;
        }
    }

    private static SynchronizeResponse.Types.Upcoming ToUpcoming(PreparedAction prepared)
    {
        Reapi.Action action = prepared.ToProto();
        return new SynchronizeResponse.Types.Upcoming
        {
            InstanceName = prepared.Digest.Instance.Value,
            DigestFunction = (Reapi.DigestFunction.Types.Value)prepared.Digest.Function,
            ActionDigest = prepared.Digest.ToProto(),
            CommandDigest = action.CommandDigest,
            InputRootDigest = action.InputRootDigest,
        };
    }

    private static Protocol.Workers.Resources ToProto(Scheduling.Resources resources) => new() { CpuMillis = resources.CpuMillis, MemoryBytes = resources.MemoryBytes };
}
