using RemoteExec.Worker.Persistent;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// Processes that run on for further actions (Bazel's persistent workers), where a client marks the inputs that are the tool; docs/sandbox.md says what that costs in isolation.
/// </summary>
internal sealed record WorkerPersistentOptions : IOptions
{
    /// <summary>How many there may be, idle ones included: each keeps its memory. 0 for none: then such actions are run as any other. Without it, one for each slot.</summary>
    public int? MaxProcesses { get; init; }

    /// <summary>How many there may be of one tool, with the same flags.</summary>
    public int MaxPerKey { get; init; } = new PersistentOptions().MaxPerKey;

    /// <summary>After how many actions a process is replaced, for what tools forget to free.</summary>
    public int MaxRequests { get; init; } = new PersistentOptions().MaxRequests;

    /// <summary>After how long without an action a process is ended.</summary>
    public TimeSpan IdleTime { get; init; } = new PersistentOptions().IdleTime;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxProcesses is < 0 or > 10_000)
            yield return new(nameof(MaxProcesses), "must be between 0 and 10000");
        if (MaxPerKey < 1)
            yield return new(nameof(MaxPerKey), "must be positive");
        if (MaxRequests < 1)
            yield return new(nameof(MaxRequests), "must be positive");
        if (IdleTime < TimeSpan.FromSeconds(1) || IdleTime > TimeSpan.FromDays(1))
            yield return new(nameof(IdleTime), "must be between 1s and 1d");
    }

    /// <summary>The worker's own options.</summary>
    public PersistentOptions ToOptions() => new() { MaxProcesses = MaxProcesses, MaxPerKey = MaxPerKey, MaxRequests = MaxRequests, IdleTime = IdleTime };
}
