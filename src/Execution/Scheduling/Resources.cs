namespace RemoteExec.Execution.Scheduling;

/// <summary>What a worker has, or what an action takes of it.</summary>
/// <param name="CpuMillis">Thousandths of a core.</param>
/// <param name="MemoryBytes">Memory, in bytes.</param>
internal readonly record struct Resources(long CpuMillis, long MemoryBytes)
{
    /// <summary>One core.</summary>
    public const long Core = 1000;

    /// <summary>Both together.</summary>
    public static Resources operator +(Resources one, Resources other) => new(one.CpuMillis + other.CpuMillis, one.MemoryBytes + other.MemoryBytes);

    /// <summary>What is left of the first.</summary>
    public static Resources operator -(Resources one, Resources other) => new(one.CpuMillis - other.CpuMillis, one.MemoryBytes - other.MemoryBytes);

    /// <summary>True if there is as much of each as of the other.</summary>
    public bool Covers(Resources other) => CpuMillis >= other.CpuMillis && MemoryBytes >= other.MemoryBytes;
}
