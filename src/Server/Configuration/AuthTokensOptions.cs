namespace RemoteExec.Server.Configuration;

/// <summary>Tokens, which callers show as <c>Authorization: Bearer</c>, or as the password of HTTP basic with any user's name.</summary>
internal sealed record AuthTokensOptions : IOptions
{
    /// <summary>The file of tokens that <c>remoteexec token create</c> writes. It has their hashes, so that who reads it can't use them, and is read again when it changes.</summary>
    public string? File { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
