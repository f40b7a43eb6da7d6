namespace RemoteExec.Server.Configuration;

/// <summary>Workers on which one attempt after the other fails get nothing for a while: at most half of those of a platform, for what fails everywhere is not theirs.</summary>
internal sealed record QuarantineOptions : IOptions
{
    /// <summary>After how many failures in a row.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long at first; each further time doubles it.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long at most.</summary>
    public TimeSpan LongestTime { get; init; } = TimeSpan.FromMinutes(30);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Failures < 1)
            yield return new(nameof(Failures), "must be at least 1");
        if (Time <= TimeSpan.Zero || LongestTime < Time)
            yield return new(nameof(Time), "must be positive, and no more than longestTime");
    }
}
