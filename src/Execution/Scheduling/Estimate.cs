namespace RemoteExec.Execution.Scheduling;

/// <summary>What an action is thought to need, after those like it.</summary>
/// <param name="seconds">How long its command runs; null if nothing is known.</param>
/// <param name="cpuMillis">How much of a core it uses; null if nothing is known.</param>
/// <param name="memoryBytes">The memory it needs; null if nothing is known.</param>
internal readonly struct Estimate(double? seconds, long? cpuMillis, long? memoryBytes)
{
    private readonly float knownSeconds = (float)(seconds ?? 0);
    private readonly int knownCpuMillis = (int)Math.Min(cpuMillis ?? 0, int.MaxValue);
    private readonly long knownMemory = memoryBytes ?? 0;

    /// <summary>How long its command runs; null if nothing is known.</summary>
    public double? Seconds => knownSeconds > 0 ? knownSeconds : null;

    /// <summary>How much of a core it uses; null if nothing is known.</summary>
    public long? CpuMillis => knownCpuMillis > 0 ? knownCpuMillis : null;

    /// <summary>The memory it needs; null if nothing is known.</summary>
    public long? MemoryBytes => knownMemory > 0 ? knownMemory : null;
}
