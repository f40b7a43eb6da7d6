using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>One worker, with one slot.</summary>
internal sealed class SimulatedWorker(string name, bool isFlaky)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Whether it fails at most of what it is given.</summary>
    public bool IsFlaky { get; } = isFlaky;

    /// <summary>How often it has started anew.</summary>
    public int Life { get; set; }

    /// <summary>What it runs; null if it does nothing.</summary>
    public Lease? Lease { get; set; }

    /// <summary>Its call that is held; null if none is.</summary>
    public long? Poll { get; set; }

    /// <summary>True while nothing is heard of it.</summary>
    public bool IsAway { get; set; }

    /// <summary>What it does when it is back, if it has ended something meanwhile.</summary>
    public Action? Finished { get; set; }

    /// <summary>The input trees that it has had.</summary>
    public HashSet<ulong> Seen { get; } = [];
}
