namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>One client that builds: it has some actions under way at a time, and starts the next when one is done.</summary>
internal sealed class SimulatedBuild(int number, string tenant, string tool, int actions, int jobs, TimeSpan begin)
{
    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>The instance that it uses.</summary>
    public string Tenant { get; } = tenant;

    /// <summary>The name of the client.</summary>
    public string Tool { get; } = tool;

    /// <summary>How many actions it has.</summary>
    public int Actions { get; } = actions;

    /// <summary>How many of them it has under way at a time.</summary>
    public int Jobs { get; } = jobs;

    /// <summary>When it begins.</summary>
    public TimeSpan Begin { get; } = begin;

    /// <summary>How many it has started.</summary>
    public int Started { get; set; }

    /// <summary>How many have ended well.</summary>
    public int Done { get; set; }

    /// <summary>How many have ended in any other way.</summary>
    public int Failed { get; set; }

    /// <summary>What its actions take together, in seconds of a worker.</summary>
    public double Work { get; set; }

    /// <summary>What the longest of them takes, in seconds.</summary>
    public double Longest { get; set; }

    /// <summary>When the last was done.</summary>
    public TimeSpan End { get; set; }

    /// <summary>How many times as long it took as it would have taken alone on the fleet.</summary>
    public double Slowdown(int workers) => (End - Begin).TotalSeconds / Math.Max(Longest, Work / Math.Min(Jobs, workers));
}
