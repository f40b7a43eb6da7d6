namespace RemoteExec.Server.Configuration;

/// <summary>Makes the prefix one that several nodes use at a time, each of which may be replaced at any time. All of them need it, with the same Redis. docs/s3.md says what happens while that is away.</summary>
internal sealed record S3SharedOptions : IOptions
{
    /// <summary>The Redis.</summary>
    public S3RedisOptions? Redis { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Redis is null)
            yield return new(nameof(Redis), "is missing: say where it is, as in redis: { endpoints: \"host:6379\" }");
    }
}
