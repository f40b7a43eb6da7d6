namespace RemoteExec.Cas.Services;

/// <summary>How much of interrupted uploads is kept for their clients to continue.</summary>
public sealed record UploadSessionsOptions
{
    /// <summary>How long an upload that nobody continues is kept.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many interrupted uploads are kept; beyond that the oldest are dropped.</summary>
    public int MaxIdle { get; init; } = 1000;

    /// <summary>How many bytes interrupted uploads may hold together; beyond that the oldest are dropped.</summary>
    public long MaxIdleBytes { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Every problem with these values.</summary>
    public IEnumerable<string> Validate()
    {
        if (IdleTimeout <= TimeSpan.Zero)
            yield return $"{nameof(IdleTimeout)}: must be positive";
        if (MaxIdle < 0)
            yield return $"{nameof(MaxIdle)}: must not be negative";
        if (MaxIdleBytes < 0)
            yield return $"{nameof(MaxIdleBytes)}: must not be negative";
    }
}
