namespace RemoteExec.Server.Configuration;

/// <summary>
/// Who may steer: cancel operations, and take workers out of service. Whoever is on the server's machine may, over loopback or a UNIX socket; actions that run there can reach it too.
/// Looking at queues, workers and operations is free to whoever reaches a listener of clients. Where callers are told apart (<c>auth</c>), looking and steering take the right <c>operate</c>, on the server's machine, too.
/// </summary>
internal sealed record OperatorsOptions : IOptions
{
    /// <summary>
    /// A file with tokens that let operators on other machines steer as well (<c>--token-file</c>), one a line, as they are or as <c>sha256:</c> with the hex digits of their hash. It is
    /// read again when it changes. Without TLS, who listens on the network reads the token.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (TokenFile is { Length: 0 })
            yield return new(nameof(TokenFile), "is empty: name a file, or leave it out");
    }
}
