namespace RemoteExec.Server.Configuration;

/// <summary>
/// What workers may do with blobs where they have to show who they are: for each action the scheduler signs a token that opens the action's instance for some minutes, and nothing else does. It is so where callers are told apart, or a
/// <c>keyFile</c> is named; <c>listeners.workerAuth.insecure</c> turns it off.
/// </summary>
internal sealed record AuthLeasesOptions : IOptions
{
    private static readonly TimeSpan longest = TimeSpan.FromHours(24);

    /// <summary>
    /// A file with the keys that the servers of a cluster share, one a line, of 32 characters at least (<c>openssl rand -base64 32</c>): schedulers sign with the first, and every server that workers call takes what any of them has signed. It is
    /// read again when it changes. Needed with <c>execution.scheduler.ha</c>; a server that stands alone makes a key of its own in the data directory.
    /// </summary>
    public string? KeyFile { get; init; }

    /// <summary>How long a token is good. It is renewed while its action runs, so this is how long it is good after; never less than <c>execution.leaseDuration</c>.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Lifetime <= TimeSpan.Zero || Lifetime > longest)
            yield return new(nameof(Lifetime), $"must be positive, and not longer than {Duration.Format(longest)}: it is renewed while an action runs");
    }
}
