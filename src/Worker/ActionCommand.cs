using RemoteExec.Worker.Caches;

namespace RemoteExec.Worker;

/// <summary>A <c>Command</c> after its values were checked.</summary>
internal sealed record ActionCommand
{
    private static readonly string[] knownNodeProperties = ["mtime", "unix_mode"];

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The environment variables (CMD-02); of a name that occurs twice the last one counts.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Relative to the input root; empty for the root itself.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>What is to be taken as output.</summary>
    public required IReadOnlyList<DeclaredOutput> Outputs { get; init; }

    /// <summary>The platform that the command asks for, where the action asks for none (ACT-06); null if neither does.</summary>
    public required Reapi.Platform? Platform { get; init; }

    /// <summary>What it wants to be kept for later actions. Relative paths are resolved, and not beneath each other or an output.</summary>
    public IReadOnlyList<CachePlace> Caches { get; init; } = [];

    /// <summary>True if each directory of an output is to be stored as a blob of its own (CMD-09).</summary>
    public required bool StoresDirectories { get; init; }

    /// <summary>True if outputs are to tell when they were modified (CMD-08).</summary>
    public required bool WantsModificationTime { get; init; }

    /// <summary>True if outputs are to tell their permission bits (CMD-08).</summary>
    public required bool WantsUnixMode { get; init; }

    /// <summary>Checks a command.</summary>
    /// <exception cref="InvalidActionException">It breaks a rule.</exception>
    public static ActionCommand Parse(Reapi.Command command)
    {
        if (command.Arguments.Count == 0)
            throw new InvalidActionException("the command has no arguments: the first one names the program");
        foreach (string argument in command.Arguments)
            RefuseNul("an argument", argument);

        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Reapi.Command.Types.EnvironmentVariable variable in command.EnvironmentVariables)
        {
            RefuseNul($"environment variable '{variable.Name}'", variable.Name + variable.Value);
            if (variable.Name.Length == 0 || variable.Name.Contains('=', StringComparison.Ordinal))
                throw new InvalidActionException($"'{variable.Name}' is no name of an environment variable");
            environment[variable.Name] = variable.Value;
        }

        RefuseNul("the working directory", command.WorkingDirectory);
        if (command.WorkingDirectory.StartsWith('/'))
            throw new InvalidActionException($"the working directory is relative to the input root, not absolute: '{command.WorkingDirectory}'");
        if (command.OutputNodeProperties.FirstOrDefault(name => !knownNodeProperties.Contains(name)) is { } unknown)
            throw new InvalidActionException($"node property '{unknown}' is not supported; supported: {string.Join(", ", knownNodeProperties)}");

        return new ActionCommand
        {
            Arguments = command.Arguments,
            Environment = environment,
            WorkingDirectory = command.WorkingDirectory,
            Outputs = DeclaredOutput.Of(command),
#pragma warning disable CS0612 // deprecated in the API, but what older clients send
            Platform = command.Platform,
#pragma warning restore CS0612
            StoresDirectories = command.OutputDirectoryFormat
                is Reapi.Command.Types.OutputDirectoryFormat.DirectoryOnly or Reapi.Command.Types.OutputDirectoryFormat.TreeAndDirectory,
            WantsModificationTime = command.OutputNodeProperties.Contains("mtime"),
            WantsUnixMode = command.OutputNodeProperties.Contains("unix_mode"),
        };
    }

    internal static void RefuseNul(string what, string value)
    {
        if (value.Contains('\0', StringComparison.Ordinal))
            throw new InvalidActionException($"{what} contains a NUL character");
    }
}
