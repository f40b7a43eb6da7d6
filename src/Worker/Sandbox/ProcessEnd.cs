namespace RemoteExec.Worker.Sandbox;

/// <summary>How a child process ended.</summary>
/// <param name="ExitCode">Its exit code; 128 + n if signal n ended it.</param>
/// <param name="Usage">What it used, together with those of its own children that it has waited for.</param>
internal readonly record struct ProcessEnd(int ExitCode, ProcessUsage Usage)
{
    /// <summary>The signal that ended it; 0 if it exited by itself.</summary>
    public int Signal { get; init; }
}
