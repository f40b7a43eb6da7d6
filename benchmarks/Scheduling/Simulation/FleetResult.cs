namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>What came of a simulation.</summary>
internal sealed class FleetResult
{
    /// <summary>How long it took, in the time of the simulation.</summary>
    public TimeSpan Length { get; set; }

    /// <summary>The seconds that workers worked.</summary>
    public double Busy { get; set; }

    /// <summary>The events that the scheduler was given.</summary>
    public long Events { get; set; }

    /// <summary>How many attempts there were.</summary>
    public long Attempts { get; set; }

    /// <summary>How many results were stored: for each action one.</summary>
    public long Stored { get; set; }

    /// <summary>How many actions were stored more than once.</summary>
    public long StoredTwice { get; set; }

    /// <summary>How many results came from workers that had been given up.</summary>
    public long LateResults { get; set; }

    /// <summary>How many workers vanished.</summary>
    public int Vanished { get; set; }

    /// <summary>How often a worker was put into quarantine.</summary>
    public int Quarantines { get; set; }

    /// <summary>How often a worker got an action of which it had parts of the inputs.</summary>
    public long Local { get; set; }

    /// <summary>The builds.</summary>
    public IReadOnlyList<SimulatedBuild> Builds { get; set; } = [];

    /// <summary>What was seen every few seconds: the time, what waits, what runs, and of that by tenant.</summary>
    public List<(TimeSpan At, int Queued, int Running, int[] RunningOfTenants)> Samples { get; } = [];

    /// <summary>What the scheduler took of a core in all, in seconds.</summary>
    public double SchedulerSeconds { get; set; }
}
