namespace RemoteExec.Execution.Scheduling;

/// <summary>The executions that wait for one platform, most urgent first, and the groups whose workers may run them.</summary>
internal sealed class PlatformQueue(PlatformKey platform)
{
    /// <summary>What they ask of their worker.</summary>
    public PlatformKey Platform { get; } = platform;

    /// <summary>Those that wait.</summary>
    public SortedSet<Execution> Waiting { get; } = [];

    /// <summary>The groups that satisfy the platform, those included whose last slot left only lately.</summary>
    public HashSet<WorkerGroup> Groups { get; } = [];

    /// <summary>Since when no slot that could run them has been connected; null if one is.</summary>
    public DateTimeOffset? UnservedSince { get; set; }

    /// <summary>The most urgent execution that this worker should run; null if there is none for it.</summary>
    public Execution? FirstFor(string workerName)
    {
        foreach (Execution execution in Waiting)
        {
            if (!ShouldAvoid(execution, workerName))
                return execution;
        }

        return null;
    }

    // Who failed at an action gets it again only if there is nobody else.
    private bool ShouldAvoid(Execution execution, string workerName) =>
        execution.FailedOn.Contains(workerName) && Groups.Any(group => group.HasWorkerOutside(execution.FailedOn));
}
