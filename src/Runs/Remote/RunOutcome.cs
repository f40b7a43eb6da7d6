namespace RemoteExec.Runs.Remote;

/// <summary>How an operation ended, as far as callers tell cases from each other.</summary>
public enum RunOutcome
{
    /// <summary>The command ran to its end, whatever its exit code is.</summary>
    Ran,

    /// <summary>It was stopped, as it took longer than the action or the server allows.</summary>
    TimedOut,

    /// <summary>Somebody cancelled the operation.</summary>
    Cancelled,

    /// <summary>The server could not run it.</summary>
    Failed,
}
