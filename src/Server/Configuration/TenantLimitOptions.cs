namespace RemoteExec.Server.Configuration;

/// <summary>What a tenant may ask for. What is left out has no bound.</summary>
internal sealed record TenantLimitOptions : IOptions
{
    /// <summary>How many requests a second; for a second it may be twice as many.</summary>
    public double? RequestsPerSecond { get; init; }

    /// <summary>How many bytes a second it may send: who sends more is slowed down.</summary>
    public ByteSize? UploadPerSecond { get; init; }

    /// <summary>How many bytes a second it may be sent: who asks for more is slowed down.</summary>
    public ByteSize? DownloadPerSecond { get; init; }

    /// <summary>How many of its calls may be under way at the same time, those that wait for actions among them.</summary>
    public int? Calls { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (RequestsPerSecond is { } rate && !(rate > 0 && double.IsFinite(rate)))
            yield return new(nameof(RequestsPerSecond), "must be positive");
        if (UploadPerSecond is { Bytes: 0 })
            yield return new(nameof(UploadPerSecond), "must be positive");
        if (DownloadPerSecond is { Bytes: 0 })
            yield return new(nameof(DownloadPerSecond), "must be positive");
        if (Calls < 1)
            yield return new(nameof(Calls), "must be at least 1");
    }
}
