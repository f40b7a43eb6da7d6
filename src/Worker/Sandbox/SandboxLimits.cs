namespace RemoteExec.Worker.Sandbox;

/// <summary>What an action may have of the machine. Only where control groups can be made; otherwise the user's limits of the system hold.</summary>
/// <param name="MemoryBytes">Memory, with what it has read and written of files that are still cached; none of it may be swapped out. 0 for no limit.</param>
/// <param name="CpuMillis">Thousandths of a core: when all want more than there is, each gets in proportion to this. It may use what others leave. 0 for one core.</param>
/// <param name="Processes">Processes and threads at a time. 0 for no limit.</param>
internal readonly record struct SandboxLimits(long MemoryBytes, long CpuMillis, int Processes)
{
    /// <summary>How long each of its files may get; 0 for no limit. It holds without control groups.</summary>
    public long FileBytes { get; init; }
}
