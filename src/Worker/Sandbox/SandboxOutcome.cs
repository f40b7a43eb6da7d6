namespace RemoteExec.Worker.Sandbox;

/// <summary>How a command ended. What it left in its input root can be read until this is disposed.</summary>
/// <param name="ExitCode">The exit code; 128 + n if signal n ended it (OUT-10).</param>
/// <param name="TimedOut">True if it was stopped because its timeout had passed.</param>
/// <param name="Duration">How long it ran, by the clock of the timeout.</param>
internal sealed record SandboxOutcome(int ExitCode, bool TimedOut, TimeSpan Duration) : IDisposable
{
    /// <summary>What it used, with all that it started.</summary>
    public ProcessUsage Usage { get; init; }

    /// <summary>The signal that ended it; 0 if it exited by itself, even if it did so with what stands for a signal in a shell.</summary>
    public int Signal { get; init; }

    /// <summary>True if it was killed, as far as can be told, because memory was short.</summary>
    public bool OutOfMemory { get; init; }

    /// <summary>That it was stopped as it took more of the disk than it may, and how much that was, for people; null if it did not.</summary>
    public string? TooMuchDisk { get; init; }

    /// <summary>A path under which the input root is as the command left it; null if it was stopped.</summary>
    public string? Root { get; init; }

    /// <summary>What keeps <see cref="Root"/> readable.</summary>
    internal IDisposable? Hold { get; init; }

    /// <summary>Lets the root go.</summary>
    public void Dispose() => Hold?.Dispose();
}
