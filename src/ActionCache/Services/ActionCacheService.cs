using Build.Bazel.Remote.Execution.V2;
using RemoteExec.Cas;
using RemoteExec.Cas.Services;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Digest = RemoteExec.Protocol.Digest;

namespace RemoteExec.ActionCache.Services;

/// <summary>The ActionCache service.</summary>
/// <param name="cache">The results; a <see cref="CompleteActionCache"/>, so that no result is answered whose outputs are gone (AC-02).</param>
/// <param name="cas">Where inlined content comes from and goes to.</param>
/// <param name="features">What the server claims: whether clients may update, and how long a response may be.</param>
public sealed class ActionCacheService(IActionCache cache, IBlobStore cas, ServerFeatures features)
{
    private readonly InlinedContent inlined = new(cas);
    private readonly ActionResultUploads uploads = new(cache, cas);

    /// <summary>Its methods, for the server to map.</summary>
    public RpcService ToRpcService() =>
        new RpcService(RemoteExecutionReflection.Descriptor, "ActionCache", ActionCacheErrors.ToStatus)
            .Unary<GetActionResultRequest, ActionResult>("GetActionResult", GetActionResultAsync)
            .Unary<UpdateActionResultRequest, ActionResult>("UpdateActionResult", UpdateActionResultAsync);

    private async Task<ActionResult> GetActionResultAsync(GetActionResultRequest request, RpcCall call)
    {
        Digest action = RequestArguments.Digest(
            RequestArguments.Instance(request.InstanceName), request.DigestFunction, request.ActionDigest, "action_digest");
        ActionResult? result = await cache.GetAsync(action, call.CancellationToken);
        if (result is null)
            return call.Fail<ActionResult>(StatusCode.NotFound, $"no result is cached for action {action}");

        var wanted = new InlineRequest(request.InlineStdout, request.InlineStderr, request.InlineOutputFiles);
        await inlined.AddAsync(result, action, wanted, features.Limits.MaxResponseBytes, call.CancellationToken);
        return result;
    }

    private async Task<ActionResult> UpdateActionResultAsync(UpdateActionResultRequest request, RpcCall call)
    {
        if (!features.ActionCacheUpdate)
            throw new RpcException(StatusCode.PermissionDenied, "this server does not let clients update the action cache");
        Digest action = RequestArguments.Digest(
            RequestArguments.Instance(request.InstanceName), request.DigestFunction, request.ActionDigest, "action_digest");
        if (request.ActionResult is null)
            throw RequestArguments.Invalid("action_result is missing");

        await uploads.StoreAsync(action, request.ActionResult, call.CancellationToken);
        return request.ActionResult;
    }
}
