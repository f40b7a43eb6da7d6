namespace RemoteExec.Execution.Scheduling;

/// <summary>Where an execution stands.</summary>
internal enum ExecutionPhase
{
    /// <summary>It waits for a slot.</summary>
    Queued,

    /// <summary>A slot has it.</summary>
    Leased,

    /// <summary>A worker has brought a result, which is being checked and stored.</summary>
    Recording,

    /// <summary>An attempt failed; it is queued again after a while.</summary>
    Resting,

    /// <summary>It is over.</summary>
    Over,
}
