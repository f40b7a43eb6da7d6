using Google.Protobuf.WellKnownTypes;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Rpc;

namespace RemoteExec.Execution.Services;

/// <summary>The one mapping of what goes wrong with executions to a status (EXE-04).</summary>
public static class ExecutionErrors
{
    private const string MissingType = "MISSING";

    /// <summary>The status that ends a call; null for exceptions that are not known.</summary>
    public static RpcStatus? ToStatus(Exception exception) => exception switch
    {
        OperationNotFoundException or WorkerNotFoundException => new RpcStatus(StatusCode.NotFound, exception.Message),
        OperatorCallException call => new RpcStatus(CodeOf(call.Reason), call.Message),
        LogStreamException log => new RpcStatus(CodeOf(log.Reason), log.Message),
        OperatorRequestException => new RpcStatus(StatusCode.InvalidArgument, exception.Message),
        SchedulerStoppedException or NoActiveSchedulerException => new RpcStatus(StatusCode.Unavailable, exception.Message),
        _ => CasErrors.ToStatus(exception),
    };

    /// <summary>The response of a done operation.</summary>
    internal static Reapi.ExecuteResponse ToResponse(Outcome outcome) => outcome switch
    {
        Outcome.Answered answered => answered.Response,
        Outcome.Failed failed => new Reapi.ExecuteResponse { Status = ToStatus(failed) },
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    private static Google.Rpc.Status ToStatus(Outcome.Failed failed)
    {
        var status = new Google.Rpc.Status { Code = (int)CodeOf(failed.Kind), Message = failed.Message };
        if (failed.Missing.Count > 0)
            status.Details.Add(Any.Pack(ToPreconditionFailure(failed.Missing)));
        return status;
    }

    // Exactly one detail, every violation MISSING: clients upload the blobs and try again only then (EXE-05, Q-02, Q-11).
    private static Google.Rpc.PreconditionFailure ToPreconditionFailure(IEnumerable<Digest> missing)
    {
        var failure = new Google.Rpc.PreconditionFailure();
        failure.Violations.AddRange(missing.Select(digest => new Google.Rpc.PreconditionFailure.Types.Violation
        {
            Type = MissingType,
            Subject = ResourceName.FormatSubject(digest),
        }));
        return failure;
    }

    // DEADLINE_EXCEEDED is not among them: clients take it for the action's own timeout, of which only a worker knows.
    private static StatusCode CodeOf(FailureKind kind) => kind switch
    {
        FailureKind.InvalidAction => StatusCode.InvalidArgument,
        FailureKind.MissingBlobs or FailureKind.NoWorker => StatusCode.FailedPrecondition,
        FailureKind.Cancelled => StatusCode.Cancelled,
        FailureKind.Refused => StatusCode.PermissionDenied, // clients try again what was cancelled, but not what they may not do
        FailureKind.Abandoned or FailureKind.ShuttingDown or FailureKind.QueueFull or FailureKind.StorageUnavailable => StatusCode.Unavailable,
        FailureKind.StorageFull => StatusCode.ResourceExhausted,
        _ => StatusCode.Internal,
    };

    private static StatusCode CodeOf(LogStreamFailure reason) => reason switch
    {
        LogStreamFailure.NotFound => StatusCode.NotFound,
        LogStreamFailure.BehindEnd => StatusCode.OutOfRange,
        LogStreamFailure.NoRoom => StatusCode.ResourceExhausted,
        LogStreamFailure.BrokenOff => StatusCode.Aborted,
        _ => StatusCode.InvalidArgument,
    };

    private static StatusCode CodeOf(OperatorCallFailure reason) => reason switch
    {
        OperatorCallFailure.Unreachable => StatusCode.Unavailable,
        OperatorCallFailure.NotOffered => StatusCode.Unimplemented,
        OperatorCallFailure.NotAllowed => StatusCode.PermissionDenied,
        OperatorCallFailure.NotFound => StatusCode.NotFound,
        OperatorCallFailure.BadRequest => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };
}
