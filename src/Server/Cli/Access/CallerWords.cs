using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;
using RemoteExec.Server.Auth.Audit;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Access;

/// <summary>What the commands have in common that write down callers.</summary>
internal static class CallerWords
{
    private const int LongestName = 200;

    /// <summary>A name that lines of a log have room for.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static string CheckName(string name, string whose) => name.Length is > 0 and <= LongestName && !name.Any(char.IsControl)
        ? name
        : throw new UsageException($"the name of a {whose} has 1 to {LongestName} characters, none of which is a control character");

    /// <summary>A role that there is.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static string CheckRole(string role, ServerOptions options) => new Roles(options.Auth.Roles).Names is var names && names.Contains(role)
        ? role
        : throw new UsageException($"--role: there is no role '{role}': there are {string.Join(", ", names.Order(StringComparer.Ordinal))}; roles of a configuration are known with --config");

    /// <summary>Instances, or what stands for some.</summary>
    /// <exception cref="UsageException">One is none.</exception>
    public static string[] CheckInstances(string[] instances)
    {
        foreach (string instance in instances)
        {
            if (!InstanceScope.TryParse(instance, out _, out string? error))
                throw new UsageException($"--instance: {error}");
        }

        return instances;
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="StartupException">It can't be read, or makes no sense.</exception>
    public static T Read<T>(string file, Func<string, T> parse)
    {
        try
        {
            return parse(File.ReadAllText(file));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            throw new StartupException($"{file}: {(exception is FormatException ? exception.Message : IoReason.OfReading(file, exception))}", exception);
        }
    }

    /// <summary>Adds a line to a file, and writes down who did, if the configuration has a file for that.</summary>
    /// <param name="file">The file.</param>
    /// <param name="line">The line.</param>
    /// <param name="what">What is done, such as <c>token.create</c>.</param>
    /// <param name="subject">To what.</param>
    /// <param name="options">The configuration.</param>
    /// <exception cref="StartupException">It can't be written.</exception>
    public static void Add(string file, string line, string what, string subject, ServerOptions options)
    {
        try
        {
            if (options.Auth.Audit.File is { } audit)
                new AuditFile(audit, options.Auth.Audit.MaxBytes.Bytes).Add(new AuditEntry { Time = TimeProvider.System.GetUtcNow(), What = what, Caller = Environment.UserName, Method = "command line", Subject = subject, Outcome = "done" });
            AddedLines.Add(file, line);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{file}{(options.Auth.Audit.File is { } audit ? $", or {audit}," : "")} can't be written: {IoReason.OfReading(file, exception)}", exception);
        }
    }
}
