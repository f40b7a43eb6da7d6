using Microsoft.Extensions.Logging;
using RemoteExec.Execution.Services;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Who may steer, as the options say.</summary>
internal static class OperatorTokens
{
    /// <summary>Reads the file of tokens, if there is one.</summary>
    /// <exception cref="StartupException">It can't be used.</exception>
    public static OperatorAccess Open(OperatorsOptions options, ILoggerFactory loggers, TimeProvider time) => options.TokenFile is { } file
        ? new OperatorAccess(new BearerTokens(file, "operators.tokenFile", loggers.CreateLogger<OperatorAccess>(), time).Contains)
        : new OperatorAccess(isToken: null);
}
