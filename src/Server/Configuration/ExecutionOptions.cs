namespace RemoteExec.Server.Configuration;

/// <summary>The execution of actions.</summary>
internal sealed record ExecutionOptions : IOptions
{
    private static readonly TimeSpan shortestLease = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan longestLease = TimeSpan.FromHours(1);

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

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (DefaultTimeout <= TimeSpan.Zero)
            yield return new(nameof(DefaultTimeout), "must be positive");
        if (MaxTimeout < DefaultTimeout)
            yield return new(nameof(MaxTimeout), $"must be at least the default timeout, {Duration.Format(DefaultTimeout)}");
        if (LeaseDuration < shortestLease || LeaseDuration > longestLease)
            yield return new(nameof(LeaseDuration), $"must be between {Duration.Format(shortestLease)} and {Duration.Format(longestLease)}");
    }
}
