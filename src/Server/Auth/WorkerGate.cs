using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Lets calls through of workers that show a token or a certificate of this server's, or credentials with the right to work: either will do.</summary>
/// <param name="tokens">The tokens; null if there are none.</param>
/// <param name="authority">Whom certificates must be from; null if there are none.</param>
/// <param name="authenticators">Know callers; null if these are not told apart. One of the three there is.</param>
internal sealed class WorkerGate(BearerTokens? tokens, ClientAuthority? authority, Authenticators? authenticators)
{
    /// <summary>True if certificates are looked at, which clients show only if they are asked to.</summary>
    public bool AsksForCertificates => authority is not null;

    /// <summary>The gate that the options describe; null if everybody may pass.</summary>
    /// <exception cref="StartupException">A file that they name can't be used.</exception>
    public static WorkerGate? Open(WorkerAuthOptions options, Authenticators? authenticators, ILoggerFactory loggers, TimeProvider time)
    {
        const string Settings = "listeners.workerAuth.";
        BearerTokens? tokens = options.TokenFile is { } file ? new BearerTokens(file, Settings + "tokenFile", loggers.CreateLogger<WorkerGate>(), time) : null;
        ClientAuthority? authority = options.ClientCa is { } roots ? new ClientAuthority(roots, Settings + "clientCa", time) : null;
        return options.Insecure || (tokens is null && authority is null && authenticators is null) ? null : new WorkerGate(tokens, authority, authenticators);
    }

    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        string? token = BearerTokens.Of(call);
        if ((tokens is not null && token is not null && tokens.Contains(token)) || (authority is not null && call.ClientCertificate is { } shown && authority.Trusts(shown)))
            return next(call);
        if (authenticators is not null && !new Credentials(call.GetRequestHeader(BearerTokens.Header), call.ClientCertificate).AreNone)
            return AskAsync(authenticators, call, next);
        call.FailAsStranger(Explain(token is not null, call.ClientCertificate));
        return Task.CompletedTask;
    }

    private async Task AskAsync(Authenticators known, RpcCall call, RpcHandler next)
    {
        Authentication answer = await known.AuthenticateAsync(new Credentials(call.GetRequestHeader(BearerTokens.Header), call.ClientCertificate), call.CancellationToken);
        if (answer.Caller is not { IsAnonymous: false } caller)
            call.FailAsStranger($"{Explain(hasToken: true, call.ClientCertificate)} ({answer.Refusal ?? "no credentials"})");
        else if (!caller.HasOneOfEverywhere(Right.Work))
            call.FailAsDenied(AccessDeniedException.Everywhere(caller, Right.Work).Message);
        else
            await next(call);
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
