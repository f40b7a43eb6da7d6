using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using RemoteExec.ActionCache.Services;
using RemoteExec.Rpc;

namespace RemoteExec.Assets.Services;

/// <summary>The one mapping of the exceptions of assets to a status.</summary>
public static class AssetErrors
{
    /// <summary>The status that tells a client of this exception; null if it is neither that of assets nor of the stores behind.</summary>
    public static RpcStatus? ToStatus(Exception exception) => exception is AssetException asset
        ? new RpcStatus(CodeOf(asset.Failure), asset.Message) { Details = asset.UnknownQualifiers.Count > 0 ? [Any.Pack(Violations(asset.UnknownQualifiers))] : [] }
        : ActionCacheErrors.ToStatus(exception);

    /// <summary>True for what ends no call, but is told in the status of its answer: what is beyond the server's control (AST-05).</summary>
    public static bool IsAnswer(AssetException exception) => exception.Failure is not (AssetFailure.Unavailable or AssetFailure.Unsupported);

    /// <summary>The status of an answer.</summary>
    public static Status ToAnswer(AssetException exception) => new() { Code = (int)CodeOf(exception.Failure), Message = exception.Message };

    private static StatusCode CodeOf(AssetFailure failure) => failure switch
    {
        AssetFailure.Refused => StatusCode.PermissionDenied,
        AssetFailure.Absent => StatusCode.NotFound,
        AssetFailure.TooLong => StatusCode.ResourceExhausted,
        AssetFailure.Inconsistent => StatusCode.Aborted,
        AssetFailure.TimedOut => StatusCode.DeadlineExceeded,
        AssetFailure.Unsupported => StatusCode.InvalidArgument,
        _ => StatusCode.Unavailable,
    };

    private static BadRequest Violations(IReadOnlyList<string> qualifiers)
    {
        var request = new BadRequest();
        request.FieldViolations.AddRange(qualifiers.Select(name => new BadRequest.Types.FieldViolation { Field = "qualifiers.name", Description = $"\"{name}\" not supported" }));
        return request;
    }
}
