using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Auth.Audit;

namespace RemoteExec.Server.Auth;

/// <summary>
/// Finds out who makes a call of gRPC, and lets it through if he may call this method at all; an interceptor, before all others. Behind it the caller is <see cref="Caller.Current"/>. Whether he may do what
/// he asks for in an instance, services and guarded stores see.
/// </summary>
/// <param name="authenticators">Know callers.</param>
/// <param name="audit">Told of what is denied; null for nobody.</param>
internal sealed class CallAccess(Authenticators authenticators, AuditLog? audit)
{
    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        MethodRight right = MethodRights.Of(call.Method);
        if (right.OneOf == Right.None)
            return next(call);
        ValueTask<Authentication> asked = authenticators.AuthenticateAsync(new Credentials(call.GetRequestHeader(BearerTokens.Header), call.ClientCertificate), call.CancellationToken);
        return asked.IsCompletedSuccessfully ? ServeAsync(asked.GetAwaiter().GetResult(), right, call, next) : WaitAsync(asked, right, call, next);
    }

    private async Task WaitAsync(ValueTask<Authentication> asked, MethodRight right, RpcCall call, RpcHandler next) => await ServeAsync(await asked, right, call, next);

    private Task ServeAsync(Authentication answer, MethodRight right, RpcCall call, RpcHandler next)
    {
        if (answer.Caller is not { } caller)
            return Refuse(call, null, answer.Refusal!);

        if (call.GetRequestHeader(CallerHeader.Name) is not null)
        {
            if (!caller.HasOneOfEverywhere(Right.Impersonate))
                return Deny(call, AccessDeniedException.Everywhere(caller, Right.Impersonate));
            if (call.GetBinaryRequestHeader(CallerHeader.Name) is not { } told || CallerHeader.Decode(told) is not { } meant)
                return Refuse(call, caller, $"the header {CallerHeader.Name} makes no sense to this version");

            caller = meant;
        }

        if (right.Refuse(caller) is { } refusal)
            return Deny(call, refusal);
        Caller.Current = caller; // in the flow of this call alone
        return next(call);
    }

    private Task Deny(RpcCall call, AccessDeniedException refusal)
    {
        if (refusal.IsStranger)
            return Refuse(call, refusal.Caller, refusal.Message);
        audit?.Denied(call.Method, refusal.Caller, call.Peer, refusal.Message);
        call.FailAsDenied(refusal.Message);
        return Task.CompletedTask;
    }

    private Task Refuse(RpcCall call, Caller? caller, string reason)
    {
        audit?.Denied(call.Method, caller, call.Peer, reason);
        call.FailAsStranger(reason);
        return Task.CompletedTask;
    }
}
