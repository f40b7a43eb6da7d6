namespace RemoteExec.Worker.Sandbox;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">The exit code; 128 + n if signal n ended it (OUT-10).</param>
/// <param name="TimedOut">True if it was stopped because its timeout had passed.</param>
/// <param name="Duration">How long it ran, by the clock of the timeout.</param>
internal sealed record SandboxOutcome(int ExitCode, bool TimedOut, TimeSpan Duration)
{
    /// <summary>What it used, with all that it started.</summary>
    public ProcessUsage Usage { get; init; }

    /// <summary>True if it was killed, as far as can be told, because memory was short.</summary>
    public bool OutOfMemory { get; init; }
}
