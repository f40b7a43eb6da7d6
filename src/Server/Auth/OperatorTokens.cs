using Microsoft.Extensions.Logging;
using RemoteExec.Execution.Services;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Who may steer, as the options say.</summary>
internal static class OperatorTokens
{
    /// <summary>Who may steer where callers are not told apart.</summary>
    /// <exception cref="StartupException">The file of tokens can't be used.</exception>
    public static OperatorAccess Open(OperatorsOptions options, ILoggerFactory loggers, TimeProvider time) =>
        new(options.TokenFile is { } file ? Read(file, loggers, time).Contains : null);

    /// <summary>Reads the file of tokens.</summary>
    /// <exception cref="StartupException">It can't be used.</exception>
    public static BearerTokens Read(string file, ILoggerFactory loggers, TimeProvider time) => new(file, "operators.tokenFile", loggers.CreateLogger<OperatorAccess>(), time);
}
