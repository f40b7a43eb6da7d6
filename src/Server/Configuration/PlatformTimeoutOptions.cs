namespace RemoteExec.Server.Configuration;

/// <summary>How long actions of a platform may run.</summary>
internal sealed record PlatformTimeoutOptions : IOptions
{
    /// <summary>The properties that an action's platform has, if this is to hold for it: <c>{ pool: gpu }</c>. More do no harm.</summary>
    public IReadOnlyDictionary<string, string> Platform { get; init; } = new Dictionary<string, string>();

    /// <summary>How long an action may run that names no timeout itself; as all others without it.</summary>
    public TimeSpan? DefaultTimeout { get; init; }

    /// <summary>The longest timeout that an action may ask for; as for all others without it.</summary>
    public TimeSpan? MaxTimeout { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (DefaultTimeout <= TimeSpan.Zero)
            yield return new(nameof(DefaultTimeout), "must be positive");
        if (MaxTimeout <= TimeSpan.Zero || MaxTimeout < DefaultTimeout)
            yield return new(nameof(MaxTimeout), "must be positive, and at least the default timeout");
    }
}
