using RemoteExec.Worker.Machine;

namespace RemoteExec.Worker.Sandbox;

/// <summary>What each action of a worker may have of the machine.</summary>
/// <param name="options">The worker's settings.</param>
internal sealed class ActionLimits(WorkerOptions options)
{
    private const long LeastFileBytes = 1L << 30; // so that small bounds on outputs are told, and do not get in the way of temporary files
    private readonly long memory = options.MemoryBytes ?? MachineMemory.ForActions();

    /// <summary>What this one may have.</summary>
    public SandboxLimits Of(ActionLease lease) => new(lease.MemoryBytes > 0 ? lease.MemoryBytes : memory, lease.CpuMillis, options.MaxProcesses)
    {
        FileBytes = Math.Max(options.MaxOutputBytes, LeastFileBytes),
    };
}
