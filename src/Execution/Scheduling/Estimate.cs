namespace RemoteExec.Execution.Scheduling;

/// <summary>What an action is thought to need, after those like it.</summary>
/// <param name="Seconds">How long its command runs; null if nothing is known.</param>
/// <param name="CpuMillis">How much of a core it uses; null if nothing is known.</param>
/// <param name="MemoryBytes">The memory it needs; null if nothing is known.</param>
internal readonly record struct Estimate(double? Seconds, long? CpuMillis, long? MemoryBytes);
