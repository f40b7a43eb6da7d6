using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Lets calls through of workers that show a token or a certificate of this server's: either will do.</summary>
/// <param name="tokens">The tokens; null if there are none.</param>
/// <param name="authority">Whom certificates must be from; null if there are none. One of the two there is.</param>
internal sealed class WorkerGate(BearerTokens? tokens, ClientAuthority? authority)
{
    /// <summary>True if certificates are looked at, which clients show only if they are asked to.</summary>
    public bool AsksForCertificates => authority is not null;

    /// <summary>The gate that the options describe; null if everybody may pass.</summary>
    /// <exception cref="StartupException">A file that they name can't be used.</exception>
    public static WorkerGate? Open(WorkerAuthOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        const string Settings = "listeners.workerAuth.";
        BearerTokens? tokens = options.TokenFile is { } file ? new BearerTokens(file, Settings + "tokenFile", loggers.CreateLogger<WorkerGate>(), time) : null;
        ClientAuthority? authority = options.ClientCa is { } roots ? new ClientAuthority(roots, Settings + "clientCa", time) : null;
        return tokens is null && authority is null ? null : new WorkerGate(tokens, authority);
    }

    /// <summary>Stands before a handler.</summary>
    public Task InvokeAsync(RpcCall call, RpcHandler next)
    {
        string? token = BearerTokens.Of(call);
        if ((tokens is not null && token is not null && tokens.Contains(token)) || (authority is not null && call.ClientCertificate is { } shown && authority.Trusts(shown)))
            return next(call);
        call.FailAsStranger(Explain(token is not null, call.ClientCertificate));
        return Task.CompletedTask;
    }

    private string Explain(bool hasToken, X509Certificate2? certificate)
    {
        List<string> ways = [];
        if (tokens is not null)
            ways.Add("--token-file with a token out of the server's listeners.workerAuth.tokenFile");
        if (authority is not null)
            ways.Add("--cert and --key with a certificate of the server's listeners.workerAuth.clientCa");
        string problem = (hasToken && tokens is not null, certificate is not null && authority is not null) switch
        {
            (true, true) => "neither the worker's token nor its certificate is good here",
            (true, false) => "the worker's token is not good here",
            (false, true) => "the worker's certificate is not good here: it has expired, is not for clients, or is of another authority",
            _ => "only workers that are enrolled may call this address",
        };
        return $"{problem}; give the worker {string.Join(", or ", ways)}";
    }
}
