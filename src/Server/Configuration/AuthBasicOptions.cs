namespace RemoteExec.Server.Configuration;

/// <summary>Users with passwords, which callers show as <c>Authorization: Basic</c>. For programs tokens are better: they end, and cost less to look at.</summary>
internal sealed record AuthBasicOptions : IOptions
{
    /// <summary>The file of users that <c>remoteexec user set</c> writes, with PBKDF2 hashes of their passwords. It is read again when it changes.</summary>
    public string? File { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
