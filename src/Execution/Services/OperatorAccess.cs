using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>
/// Who may change something: whoever is on this machine, and whoever knows a token. Looking is free to whoever reaches a listener. Where callers are told apart all of that is decided
/// before a call comes here.
/// </summary>
public sealed class OperatorAccess
{
    private const string Scheme = "Bearer ";
    private readonly Func<string, bool>? isToken;
    private readonly bool isDecided;

    /// <summary>Where callers are not told apart.</summary>
    /// <param name="isToken">Tells a token that is good; null if there are none.</param>
    public OperatorAccess(Func<string, bool>? isToken) => this.isToken = isToken;

    private OperatorAccess() => isDecided = true;

    /// <summary>Where only those come through who may.</summary>
    public static OperatorAccess Decided { get; } = new();

    /// <summary>Lets a call pass, or not.</summary>
    /// <exception cref="RpcException">UNAUTHENTICATED or PERMISSION_DENIED: the message says what to do.</exception>
    public void CheckChange(RpcCall call)
    {
        if (!isDecided)
            Check(call.GetRequestHeader("authorization"), call.IsLocal);
    }

    /// <summary>
    /// Lets a request over HTTP pass, or not. A browser on this machine is on this machine, too: so that no web page changes anything, the content type has to be one that a page can't
    /// send unasked, and without a token the server must not be called by a name, which somebody else may have pointed to this machine.
    /// </summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT, UNAUTHENTICATED or PERMISSION_DENIED: the message says what to do.</exception>
    public void CheckChange(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out MediaTypeHeaderValue? type) || type.MediaType != "application/json")
            throw new RpcException(StatusCode.InvalidArgument, "the content type has to be application/json");
        if (isDecided)
            return;
        string? authorization = context.Request.Headers.Authorization;
        Check(authorization, LocalClient.Is(context));
        HostString host = context.Request.Host;
        if (authorization is null && host.Host is not "localhost" && !System.Net.IPAddress.TryParse(host.Host.Trim('[', ']'), out _))
            throw new RpcException(StatusCode.PermissionDenied, $"without a token, call the server by an address or as localhost, not as '{host}'");
    }

    private void Check(string? authorization, bool isLocal)
    {
        if (authorization is not null)
        {
            if (isToken is null)
                throw new RpcException(StatusCode.Unauthenticated, "this server takes no tokens of operators: set operators.tokenFile on it");
            if (!authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || !isToken(authorization[Scheme.Length..].Trim()))
                throw new RpcException(StatusCode.Unauthenticated, "the token is none of those in the server's operators.tokenFile");
        }
        else if (!isLocal)
        {
            throw isToken is null
                ? new RpcException(StatusCode.PermissionDenied, "from other machines nothing can be changed: call from the server's own, or set operators.tokenFile on it and send a token")
                : new RpcException(StatusCode.Unauthenticated, "from other machines a change needs a token of the server's operators.tokenFile");
        }
    }
}
