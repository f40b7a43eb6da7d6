using RemoteExec.Worker.Outputs;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>An action whose command has ended, and of which all is still there.</summary>
internal sealed record FinishedRun
{
    /// <summary>The attempt.</summary>
    public required ActionRun Run { get; init; }

    /// <summary>Its command.</summary>
    public required ActionCommand Command { get; init; }

    /// <summary>How that ended.</summary>
    public required SandboxOutcome Outcome { get; init; }

    /// <summary>Where the action saw its input root.</summary>
    public required string SeenRoot { get; init; }

    /// <summary>Takes its outputs.</summary>
    public required OutputBlobs Blobs { get; init; }

    /// <summary>What there may be of them.</summary>
    public required OutputLimits Limits { get; init; }

    /// <summary>False where the advertised strategy is DISALLOWED (SYM-02).</summary>
    public required bool AllowAbsoluteSymlinks { get; init; }

    /// <summary>Makes what finds its outputs; only if it was not stopped.</summary>
    public OutputCollector Collector() => Collector(new OutputRoot(Outcome.Root!, SeenRoot), Command);

    /// <summary>Makes what finds the outputs of another run of the same action.</summary>
    /// <param name="left">The root that it left.</param>
    /// <param name="command">Its command.</param>
    public OutputCollector Collector(OutputRoot left, ActionCommand command) => new(left, command, Blobs, AllowAbsoluteSymlinks, Limits);
}
