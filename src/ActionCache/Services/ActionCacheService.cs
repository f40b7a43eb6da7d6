using System.Buffers;
using Build.Bazel.Remote.Execution.V2;
using Google.Protobuf;
using RemoteExec.Cas;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Digest = RemoteExec.Protocol.Digest;
using InstanceName = RemoteExec.Protocol.InstanceName;

namespace RemoteExec.ActionCache.Services;

/// <summary>The ActionCache service.</summary>
/// <param name="cache">The results; a <see cref="CompleteActionCache"/>, so that no result is answered whose outputs are gone (AC-02).</param>
/// <param name="cas">Where inlined content comes from and goes to.</param>
/// <param name="features">What the server claims: whether clients may update, and how long a response may be.</param>
/// <param name="observer">Is told of hits, misses and what was stored; null for nobody.</param>
public sealed class ActionCacheService(IActionCache cache, IBlobStore cas, ServerFeatures features, ICallObserver? observer = null)
{
    private readonly ICallObserver observer = observer ?? ICallObserver.None;
    private readonly InlinedContent inlined = new(cas);
    private readonly ActionResultUploads uploads = new(cache, cas);

    /// <summary>Its methods, for the server to map.</summary>
    public RpcService ToRpcService() =>
        new RpcService(RemoteExecutionReflection.Descriptor, "ActionCache", ActionCacheErrors.ToStatus)
            .Unary("GetActionResult", ActionResultQuery.Parse, GetActionResultAsync)
            .Unary<UpdateActionResultRequest, ActionResult>("UpdateActionResult", UpdateActionResultAsync);

    private async Task GetActionResultAsync(ActionResultQuery query, RpcCall call)
    {
        CachedResult? cached = await cache.FindAsync(query.Action, call.CancellationToken);
        if (observer.Wants(call))
            observer.Observe(LookedUp(query.Action, cached, call));
        if (cached is null)
        {
            call.Fail<ActionResult>(StatusCode.NotFound, $"no result is cached for action {query.Action}");
        }
        else if (query.Inline.MayConcern(cached))
        {
            ActionResult result = cached.Parse();
            await inlined.AddAsync(result, query.Action, query.Inline, features.Limits.MaxResponseBytes, call.CancellationToken);
            call.Responses.Write(result);
        }
        else
        {
            call.Responses.Start(cached.Encoded.Length);
            call.Responses.Write(cached.Encoded.Span);
        }
    }

    private async Task<ActionResult> UpdateActionResultAsync(UpdateActionResultRequest request, RpcCall call)
    {
        InstanceName instance = RequestArguments.Instance(request.InstanceName);
        features.Access.Check(Right.WriteAc, instance);
        if (!features.MayUpdate(instance))
            throw new RpcException(StatusCode.PermissionDenied, "this server does not let clients update the action cache");
        Digest action = RequestArguments.Digest(
            instance, request.DigestFunction, request.ActionDigest, "action_digest");
        if (request.ActionResult is null)
            throw RequestArguments.Invalid("action_result is missing");

        await uploads.StoreAsync(action, request.ActionResult, call.CancellationToken);
        if (observer.Wants(call))
        {
            observer.Observe(new CallEvent
            {
                Kind = CallKind.Stored,
                Digest = action,
                Metadata = call.Get<CallMetadata>(),
                Execution = request.ActionResult.ExecutionMetadata?.ToByteArray(),
                ExitCode = request.ActionResult.ExitCode,
            });
        }

        return request.ActionResult;
    }

    private static CallEvent LookedUp(in Digest action, CachedResult? cached, RpcCall call) => new()
    {
        Kind = cached is null ? CallKind.Miss : CallKind.Hit,
        Digest = action,
        Metadata = call.Get<CallMetadata>(),
        Execution = cached is null ? default : cached.ExecutionMetadata,
    };
}
