using RemoteExec.Execution.Provenance;
using RemoteExec.Execution.Scheduling;

namespace RemoteExec.Execution;

/// <summary>Settings of the execution service; every default is meant to be kept.</summary>
public sealed record ExecutionOptions
{
    /// <summary>The timeout of actions that have none (ACT-02).</summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest timeout an action may ask for; more is refused (ACT-02).</summary>
    public TimeSpan MaxTimeout { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long an action waits for a worker that could run it, while none is connected, before it fails (PLT-01).</summary>
    public TimeSpan NoWorkerTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The time within which a worker's slot has to post again, or its action is given to another.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a slot's post is held when there is nothing to tell it. Well below <see cref="LeaseDuration"/>.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a slot may be away whose connection broke while its post was held.</summary>
    public TimeSpan ReconnectTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an action is given to a worker before a failure of the worker becomes the action's.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>
    /// How long an action rests, at most, after a worker has reported that the first attempt failed; each further attempt doubles it. One whose
    /// worker was lost does not rest: <see cref="LeaseDuration"/> or <see cref="ReconnectTime"/> has passed before that shows.
    /// </summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The bound on <see cref="RetryDelay"/>, however often it was doubled.</summary>
    public TimeSpan LongestRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an action goes on although nobody waits for it: clients reconnect after a broken stream (EXE-19).</summary>
    public TimeSpan AbandonedGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a done operation can still be asked for (WEX-03).</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The bound on done operations that are kept; the oldest go first.</summary>
    public int MaxRetainedOperations { get; init; } = 50_000;

    /// <summary>The bound on operations that are not done; more are refused as UNAVAILABLE.</summary>
    public int MaxUnfinishedOperations { get; init; } = 2_000_000;

    /// <summary>How often a waiting client is told a state that has not changed, so that nothing on the way thinks the stream dead (EXE-20).</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Whether an action also waits for workers (for <see cref="NoWorkerTimeout"/>) that nobody has seen yet, as where they are started when they are wanted. If not, what none of those
    /// connected could ever run fails at once.
    /// </summary>
    public bool WaitsForUnknownWorkers { get; init; }

    /// <summary>What platform properties mean.</summary>
    public PropertyKinds Properties { get; init; } = new();

    /// <summary>Timeouts for some platforms: the first rule that fits decides.</summary>
    public IReadOnlyList<RuntimeRule> Runtimes { get; init; } = [];

    /// <summary>Who gets how much when there is not enough for all.</summary>
    public FairnessOptions Fairness { get; init; } = new();

    /// <summary>How much longer than the action's timeout a worker may have it, for its inputs and outputs; then it is taken for lost.</summary>
    public TimeSpan LeaseOverrun { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How many times the learned time an action has to run for another worker to try it beside the first; null: never.</summary>
    public double? HedgeFactor { get; init; }

    /// <summary>How long an action runs at least before another worker tries it, too.</summary>
    public TimeSpan HedgeAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>After how many failures in a row a worker gets nothing for a while.</summary>
    public int QuarantineAfter { get; init; } = 5;

    /// <summary>How long it gets nothing the first time; each further time doubles it.</summary>
    public TimeSpan QuarantineTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The bound on <see cref="QuarantineTime"/>, however often it was doubled.</summary>
    public TimeSpan LongestQuarantine { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>The node properties that commands may ask for on outputs (CMD-08); to be advertised as supported_node_properties.</summary>
    public IReadOnlyList<string> SupportedNodeProperties { get; init; } = [];

    /// <summary>Signs results of workers; null to leave them unsigned. It stays the caller's.</summary>
    public ProvenanceSigner? Signer { get; init; }

    /// <summary>Every problem with these settings, as a sentence each.</summary>
    public IEnumerable<string> Validate()
    {
        foreach ((string name, TimeSpan value) in new[]
        {
            (nameof(DefaultTimeout), DefaultTimeout), (nameof(MaxTimeout), MaxTimeout), (nameof(NoWorkerTimeout), NoWorkerTimeout),
            (nameof(LeaseDuration), LeaseDuration), (nameof(PollInterval), PollInterval), (nameof(ReconnectTime), ReconnectTime),
            (nameof(RetryDelay), RetryDelay), (nameof(AbandonedGrace), AbandonedGrace), (nameof(Retention), Retention),
            (nameof(KeepAliveInterval), KeepAliveInterval), (nameof(LeaseOverrun), LeaseOverrun), (nameof(HedgeAfter), HedgeAfter),
            (nameof(QuarantineTime), QuarantineTime), (nameof(LongestQuarantine), LongestQuarantine),
        })
        {
            if (value <= TimeSpan.Zero)
                yield return $"{name} must be positive, not {value}";
        }

        if (DefaultTimeout > MaxTimeout)
            yield return $"{nameof(DefaultTimeout)} ({DefaultTimeout}) must not exceed {nameof(MaxTimeout)} ({MaxTimeout})";
        if (PollInterval >= LeaseDuration)
            yield return $"{nameof(PollInterval)} ({PollInterval}) must be below {nameof(LeaseDuration)} ({LeaseDuration})";
        if (MaxAttempts < 1)
            yield return $"{nameof(MaxAttempts)} must be at least 1, not {MaxAttempts}";
        if (LongestRetryDelay < RetryDelay)
            yield return $"{nameof(LongestRetryDelay)} ({LongestRetryDelay}) must not be below {nameof(RetryDelay)} ({RetryDelay})";
        if (MaxRetainedOperations < 0)
            yield return $"{nameof(MaxRetainedOperations)} must not be negative, but is {MaxRetainedOperations}";
        if (MaxUnfinishedOperations < 1)
            yield return $"{nameof(MaxUnfinishedOperations)} must be at least 1, not {MaxUnfinishedOperations}";
        if (HedgeFactor is { } factor && !(factor >= 1))
            yield return $"{nameof(HedgeFactor)} must be at least 1, not {factor}";
        if (QuarantineAfter < 1)
            yield return $"{nameof(QuarantineAfter)} must be at least 1, not {QuarantineAfter}";
        foreach (string problem in Fairness.Validate())
            yield return problem;
    }
}
