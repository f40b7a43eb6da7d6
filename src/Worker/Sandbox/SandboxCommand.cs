namespace RemoteExec.Worker.Sandbox;

/// <summary>What a sandbox is to run, and where. All paths are absolute.</summary>
internal sealed record SandboxCommand
{
    /// <summary>The program and its arguments; at least one, none with a NUL character.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment: nothing of the worker's own is added.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The directory in which the program starts; it exists.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Where standard output goes; created by the sandbox.</summary>
    public required string StdoutPath { get; init; }

    /// <summary>Where standard error goes; created by the sandbox.</summary>
    public required string StderrPath { get; init; }

    /// <summary>How long the program, with all it starts, may run.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>The user it runs as, who owns the directories it may write to; null for the worker's own.</summary>
    public ActionUser? User { get; init; }
}
