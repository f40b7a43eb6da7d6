namespace RemoteExec.Server.Configuration;

/// <summary>The execution of actions.</summary>
internal sealed record ExecutionOptions : IOptions
{
    private static readonly TimeSpan shortestLease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan longestLease = TimeSpan.FromHours(1);

    private static readonly TimeSpan longestReconnection = TimeSpan.FromSeconds(10);

    /// <summary>Whether actions can be executed at all; turned off by <c>--workers 0</c> unless workers may join from elsewhere.</summary>
    public bool? Enabled { get; init; }

    /// <summary>How long an action may run that names no timeout itself.</summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest timeout that an action may ask for.</summary>
    public TimeSpan MaxTimeout { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a worker may be silent before it counts as lost, and its actions are given to others. Workers call several times within it.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a call of a worker is held when there is nothing to tell it.</summary>
    public TimeSpan PollInterval => LeaseDuration / 3;

    /// <summary>The scheduler.</summary>
    public SchedulerOptions Scheduler { get; init; } = new();

    /// <summary>Other timeouts for some platforms: the first that fits holds.</summary>
    public IReadOnlyList<PlatformTimeoutOptions> Platforms { get; init; } = [];

    /// <summary>How long an action waits for a worker that could run it while none is connected.</summary>
    public TimeSpan NoWorkerTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether workers are started when they are wanted: then an action waits (`noWorkerTimeout`, which should be as long as a start takes) for one that nobody has seen yet. If not, what
    /// none of those connected could ever run fails at once.
    /// </summary>
    public bool Autoscaling { get; init; }

    /// <summary>How often an action is given to a worker before a failure of the worker becomes the action's.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>What platform properties mean.</summary>
    public PropertiesOptions Properties { get; init; } = new();

    /// <summary>Who gets how much when there is not enough for all.</summary>
    public FairnessOptions Fairness { get; init; } = new();

    /// <summary>Second attempts for slow actions.</summary>
    public HedgeOptions Hedge { get; init; } = new();

    /// <summary>What happens to workers that fail.</summary>
    public QuarantineOptions Quarantine { get; init; } = new();

    /// <summary>Signed statements beside results.</summary>
    public ProvenanceOptions Provenance { get; init; } = new();

    /// <summary>How long a worker whose connection broke may take to come back.</summary>
    public TimeSpan ReconnectTime => LeaseDuration < longestReconnection ? LeaseDuration : longestReconnection;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (NoWorkerTimeout <= TimeSpan.Zero)
            yield return new(nameof(NoWorkerTimeout), "must be positive");
        if (MaxAttempts < 1)
            yield return new(nameof(MaxAttempts), "must be at least 1");
        if (DefaultTimeout <= TimeSpan.Zero)
            yield return new(nameof(DefaultTimeout), "must be positive");
        if (MaxTimeout < DefaultTimeout)
            yield return new(nameof(MaxTimeout), $"must be at least the default timeout, {Duration.Format(DefaultTimeout)}");
        if (LeaseDuration < shortestLease || LeaseDuration > longestLease)
            yield return new(nameof(LeaseDuration), $"must be between {Duration.Format(shortestLease)} and {Duration.Format(longestLease)}");
    }
}
