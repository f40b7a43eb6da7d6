namespace RemoteExec.Server.Configuration;

/// <summary>The audit log: who stored results of actions, who steered, which tokens and users were made and taken away, and what was denied to whom.</summary>
internal sealed record AuthAuditOptions : IOptions
{
    /// <summary>The file, a JSON object a line; without one nothing is written down. Commands that make tokens and users (<c>--config</c>) write to it, too. It may be moved away at any time.</summary>
    public string? File { get; init; }

    /// <summary>From which length on it becomes <c>FILE.1</c>, in the place of the one before, and a new one is begun.</summary>
    public ByteSize MaxBytes { get; init; } = new(100L << 20);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxBytes.Bytes <= 0)
            yield return new(nameof(MaxBytes), "must be positive");
    }
}
