namespace RemoteExec.Worker.Persistent;

/// <summary>Bounds on the processes that run on for further actions (persistent workers).</summary>
public sealed record PersistentOptions
{
    /// <summary>How many there may be, idle ones included; 0 for none, null for as many as there are slots.</summary>
    public int? MaxProcesses { get; init; }

    /// <summary>How many there may be of one key, and so how many actions of that key run in them at once.</summary>
    public int MaxPerKey { get; init; } = 4;

    /// <summary>After how many actions a process is ended.</summary>
    public int MaxRequests { get; init; } = 1000;

    /// <summary>After how long without an action a process is ended.</summary>
    public TimeSpan IdleTime { get; init; } = TimeSpan.FromMinutes(5);

    internal IEnumerable<string> Validate()
    {
        if (MaxProcesses < 0)
            yield return $"sandbox.persistent.maxProcesses must not be negative: {MaxProcesses}";
        if (MaxPerKey < 1)
            yield return $"sandbox.persistent.maxPerKey must be positive, not {MaxPerKey}";
        if (MaxRequests < 1)
            yield return $"sandbox.persistent.maxRequests must be positive, not {MaxRequests}";
        if (IdleTime <= TimeSpan.Zero)
            yield return $"sandbox.persistent.idleTime must be positive, not {IdleTime}";
    }
}
