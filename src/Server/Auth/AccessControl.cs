using Microsoft.Extensions.Logging;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Auth.Jwt;
using RemoteExec.Server.Auth.Tokens;
using RemoteExec.Server.Auth.Users;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Who may do what in a server that tells callers apart, as the options say.</summary>
internal sealed class AccessControl : IAsyncDisposable
{
    private readonly TokenUses? uses;
    private readonly JwtAuthenticator? signed;
    private readonly UserAuthenticator? users;

    private AccessControl(AuthOptions options, OperatorsOptions operators, string dataDirectory, ILoggerFactory loggers, TimeProvider time)
    {
        if (options.Audit.File is { } auditFile)
            Audit = new AuditLog(auditFile, options.Audit.MaxBytes.Bytes, loggers.CreateLogger<AuditLog>(), time);
        Guard = new AccessGuard(() => Caller.Current, denial => Audit?.Denied(null, denial.Caller, null, denial.Message));
        var roles = new Roles(options.Roles);
        List<IAuthenticator> ways = [];
        if (options.Tokens.File is { } tokenFile)
        {
            var tokens = new TokenAuthenticator(tokenFile, roles, loggers.CreateLogger<TokenAuthenticator>(), time);
            uses = new TokenUses(dataDirectory, tokens, loggers.CreateLogger<TokenUses>(), time);
            ways.Add(tokens);
        }

        if (options.Jwt.Count > 0) // before users, as such tokens may be passwords
            ways.Add(signed = new JwtAuthenticator(options.Jwt, roles, loggers.CreateLogger<JwtAuthenticator>(), time));
        if (options.Basic.File is { } userFile)
            ways.Add(users = new UserAuthenticator(userFile, roles, loggers.CreateLogger<UserAuthenticator>(), time));
        if (operators.TokenFile is { } operatorFile)
            ways.Add(new OperatorTokenAuthenticator(OperatorTokens.Read(operatorFile, loggers, time), roles));
        if (options.Certificates.Ca is not null)
            ways.Add(new CertificateAuthenticator(options.Certificates, roles, time));
        AsksForCertificates = options.Certificates.Ca is not null;
        Authenticators = new Authenticators(ways, options.Anonymous is { } role ? roles.Find(role, []) : null);
    }

    /// <summary>The ways to show who one is.</summary>
    public Authenticators Authenticators { get; }

    /// <summary>Knows what the caller of the flow that asks may do.</summary>
    public AccessGuard Guard { get; }

    /// <summary>Where it is written down what callers did and were denied; null if it is not.</summary>
    public AuditLog? Audit { get; }

    /// <summary>True if certificates are looked at, which clients show only if they are asked to.</summary>
    public bool AsksForCertificates { get; }

    /// <summary>What the options describe; null if callers are not told apart.</summary>
    /// <exception cref="StartupException">A file that they name can't be used.</exception>
    public static AccessControl? Open(AuthOptions options, OperatorsOptions operators, string dataDirectory, ILoggerFactory loggers, TimeProvider time) =>
        options.IsOn ? new AccessControl(options, operators, dataDirectory, loggers, time) : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (uses is not null)
            await uses.DisposeAsync();
        if (signed is not null)
            await signed.DisposeAsync();
        users?.Dispose();
        if (Audit is not null)
            await Audit.DisposeAsync();
    }
}
