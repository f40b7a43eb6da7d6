using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Auth.Leases;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>
/// Lets calls through of workers that show a token or a certificate of this server's, or credentials with the right to work: either will do. Where there are leases these let a worker enrol and post, and no more: blobs, and the logs
/// of actions, are opened by the tokens that came with the actions. Behind the gate the caller is <see cref="Caller.Current"/> then.
/// </summary>
internal sealed class WorkerGate
{
    private readonly BearerTokens? tokens;
    private readonly ClientAuthority? authority;
    private readonly Authenticators? authenticators;
    private readonly LeaseAuthenticator? leases;
    private readonly AuditLog? audit;

    private WorkerGate(BearerTokens? tokens, ClientAuthority? authority, AccessControl? access, LeaseAuthenticator? leases) =>
        (this.tokens, this.authority, authenticators, this.leases, audit) = (tokens, authority, access?.Authenticators, leases, access?.Audit);

    /// <summary>True if certificates are looked at, which clients show only if they are asked to.</summary>
    public bool AsksForCertificates => authority is not null;

    /// <summary>Who is enrolled by what only the listener of workers takes.</summary>
    private static Caller Enrolled { get; } = new("a worker", "listeners.workerAuth", [new Grant(Right.Work, InstanceScope.All)]);

    /// <summary>Who comes by a UNIX socket, as the worker inside does.</summary>
    private static Caller OfThisMachine { get; } = new("a worker of this machine", "socket", [new Grant(Right.Work | LeaseGrant.Most, InstanceScope.All)]);

    /// <summary>The gate that the options describe; null if everybody may pass.</summary>
    /// <param name="options">The options.</param>
    /// <param name="access">Knows callers; null if these are not told apart.</param>
    /// <param name="leases">Knows lease tokens; null if a worker's own credentials open blobs.</param>
    /// <param name="loggers">For its log.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">A file that they name can't be used.</exception>
    public static WorkerGate? Open(WorkerAuthOptions options, AccessControl? access, LeaseAuthenticator? leases, ILoggerFactory loggers, TimeProvider time)
    {
        const string Settings = "listeners.workerAuth.";
        BearerTokens? tokens = options.TokenFile is { } file ? new BearerTokens(file, Settings + "tokenFile", loggers.CreateLogger<WorkerGate>(), time) : null;
        ClientAuthority? authority = options.ClientCa is { } roots ? new ClientAuthority(roots, Settings + "clientCa", time) : null;
        return options.Insecure || (tokens is null && authority is null && access is null) ? null : new WorkerGate(tokens, authority, access, leases);
    }

    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        string? header = call.GetRequestHeader(BearerTokens.Header);
        if (leases is not null && leases.Authenticate(header) is var lease && lease != Authentication.NotMine)
            return lease.Caller is { } holder ? AdmitAsync(holder, call, next) : RefuseAsync(call, lease.Refusal!);
        string? token = BearerTokens.Of(header);
        if ((tokens is not null && token is not null && tokens.Contains(token)) || (authority is not null && call.ClientCertificate is { } shown && authority.Trusts(shown)))
            return AdmitAsync(Enrolled, call, next);
        if (authenticators is not null && !new Credentials(header, call.ClientCertificate).AreNone)
            return AskAsync(authenticators, call, next);
        return RefuseAsync(call, Explain(token is not null, call.ClientCertificate));
    }

    /// <summary>Stands before a handler where calls come by a UNIX socket: whoever gets there may do all that is offered.</summary>
    public Task InvokeOfThisMachineAsync(RpcCall call, RpcHandler next) => AdmitAsync(OfThisMachine, call, next);

    private async Task AskAsync(Authenticators known, RpcCall call, RpcHandler next)
    {
        Authentication answer = await known.AuthenticateAsync(new Credentials(call.GetRequestHeader(BearerTokens.Header), call.ClientCertificate), call.CancellationToken);
        if (answer.Caller is not { IsAnonymous: false } caller)
            await RefuseAsync(call, $"{Explain(call.GetRequestHeader(BearerTokens.Header) is not null, call.ClientCertificate)} ({answer.Refusal ?? "no credentials"})");
        else if (!caller.HasOneOfEverywhere(Right.Work))
            await DenyAsync(call, caller, AccessDeniedException.Everywhere(caller, Right.Work).Message);
        else
            await AdmitAsync(caller, call, next);
    }

    private Task AdmitAsync(Caller caller, RpcCall call, RpcHandler next)
    {
        if (leases is null)
            return next(call);
        if (MethodRights.Of(call.Method).Refuse(caller) is { } refusal)
        {
            bool isItself = caller.HasOneOfEverywhere(Right.Work);
            return DenyAsync(call, caller, isItself ? $"{refusal.Message}: workers read and write blobs with the token that comes with each action, and are too old if they do not know it" : refusal.Message);
        }

        Caller.Current = caller; // in the flow of this call alone
        return next(call);
    }

    private Task RefuseAsync(RpcCall call, string reason)
    {
        audit?.Denied(call.Method, null, call.Peer, reason);
        call.FailAsStranger(reason);
        return Task.CompletedTask;
    }

    private Task DenyAsync(RpcCall call, Caller caller, string reason)
    {
        audit?.Denied(call.Method, caller, call.Peer, reason);
        call.FailAsDenied(reason);
        return Task.CompletedTask;
    }

    private string Explain(bool hasToken, X509Certificate2? certificate)
    {
        List<string> ways = [];
        if (tokens is not null)
            ways.Add("--token-file with a token out of the server's listeners.workerAuth.tokenFile");
        if (tokens is null && authenticators is not null)
            ways.Add("--token-file with a token that has the role worker, or one with the right to work");
        if (authority is not null)
            ways.Add("--cert and --key with a certificate of the server's listeners.workerAuth.clientCa");
        string problem = (hasToken && (tokens ?? (object?)authenticators) is not null, certificate is not null && authority is not null) switch
        {
            (true, true) => "neither the worker's token nor its certificate is good here",
            (true, false) => "the worker's token is not good here",
            (false, true) => "the worker's certificate is not good here: it has expired, is not for clients, or is of another authority",
            _ => "only workers that are enrolled may call this address",
        };
        return $"{problem}; give the worker {string.Join(", or ", ways)}";
    }
}
