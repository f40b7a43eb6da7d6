namespace RemoteExec.Worker.Replay;

/// <summary>What a part of a result is.</summary>
public enum PartKind
{
    /// <summary>What was written to standard output.</summary>
    Stdout,

    /// <summary>What was written to standard error.</summary>
    Stderr,

    /// <summary>An output, or something in one.</summary>
    Output,
}
