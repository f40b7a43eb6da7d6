namespace RemoteExec.Runs.Determinism;

/// <summary>Of what two runs have different ones.</summary>
public enum DifferingPart
{
    /// <summary>Exit codes.</summary>
    ExitCode,

    /// <summary>What was written to standard output.</summary>
    Stdout,

    /// <summary>What was written to standard error.</summary>
    Stderr,

    /// <summary>An output, or a file in one.</summary>
    Output,
}
