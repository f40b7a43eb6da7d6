namespace RemoteExec.Server.Configuration;

/// <summary>The execution of actions.</summary>
internal sealed record ExecutionOptions : IOptions
{
    /// <summary>Whether actions can be executed at all; turned off by <c>--workers 0</c> unless workers may join from elsewhere.</summary>
    public bool? Enabled { get; init; }

    /// <summary>How long an action may run that names no timeout itself.</summary>
    public TimeSpan DefaultTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The longest timeout that an action may ask for.</summary>
    public TimeSpan MaxTimeout { get; init; } = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (DefaultTimeout <= TimeSpan.Zero)
            yield return new(nameof(DefaultTimeout), "must be positive");
        if (MaxTimeout < DefaultTimeout)
            yield return new(nameof(MaxTimeout), $"must be at least the default timeout, {Duration.Format(DefaultTimeout)}");
    }
}
