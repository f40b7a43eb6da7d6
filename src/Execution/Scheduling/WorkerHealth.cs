namespace RemoteExec.Execution.Scheduling;

/// <summary>How it went lately on the workers of one name.</summary>
internal sealed class WorkerHealth(string name)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>How many attempts have failed in a row for which the worker may be to blame.</summary>
    public int Failures { get; set; }

    /// <summary>How often it was in quarantine since it last did well.</summary>
    public int Quarantines { get; set; }

    /// <summary>Until when it gets nothing; null if it does.</summary>
    public DateTimeOffset? QuarantinedUntil { get; set; }
}
