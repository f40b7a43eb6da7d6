using RemoteExec.Worker.Caches;
using RemoteExec.Worker.Inputs;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What a sandbox is to run, and where.</summary>
internal sealed record SandboxCommand
{
    /// <summary>The program and its arguments; at least one, none with a NUL character.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment: nothing of the worker's own is added.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The action's directory: its input root, unless there is a <see cref="Lower"/> layer, and where its output goes. Its user is who runs the command.</summary>
    public required ActionDirectory Directory { get; init; }

    /// <summary>The directory in which the program starts, relative to the input root; it exists.</summary>
    public string WorkingDirectory { get; init; } = "";

    /// <summary>
    /// The lower layer of the input root: an absolute path in the scratch directory. Null if the root is laid out in the action's directory, as sandboxes that
    /// don't take layers need it.
    /// </summary>
    public string? Lower { get; init; }

    /// <summary>What is mounted read-only in an input root that has layers.</summary>
    public IReadOnlyList<InputBind> Binds { get; init; } = [];

    /// <summary>What it can write to and is kept for later actions.</summary>
    public IReadOnlyList<CacheMount> Caches { get; init; } = [];

    /// <summary>The root file system: the absolute path of a directory in the scratch directory's cache; null for the host's tools.</summary>
    public string? Image { get; init; }

    /// <summary>True to let it reach the machine's network.</summary>
    public bool Network { get; init; }

    /// <summary>True to have what it looks at written down, where <see cref="ISandbox.WatchesReads"/>.</summary>
    public bool Audit { get; init; }

    /// <summary>A host name that is not the usual one, and other process ids, as far as the sandbox can choose them; null for the usual.</summary>
    public string? Vary { get; init; }

    /// <summary>The socket that is its standard input and output: a path in the action's directory on which somebody listens; null for no input, and a file.</summary>
    public string? Channel { get; init; }

    /// <summary>What it reads, or the terminal that it is on; null for nothing to read. It has no <see cref="Channel"/> then.</summary>
    public SandboxInput? Input { get; init; }

    /// <summary>What it may have of the machine.</summary>
    public SandboxLimits Limits { get; init; }

    /// <summary>How long the program, with all it starts, may run.</summary>
    public required TimeSpan Timeout { get; init; }
}
