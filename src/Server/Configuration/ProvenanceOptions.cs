namespace RemoteExec.Server.Configuration;

/// <summary>
/// Statements beside results of actions that were executed: who asked for it, where and when it ran, and what came of it, signed (ES256), for <c>remoteexec verify-result</c>. Results that clients upload have none.
/// </summary>
internal sealed record ProvenanceOptions : IOptions
{
    /// <summary>
    /// A PEM file with the private key, on the curve P-256 (<c>openssl ecparam -name prime256v1 -genkey -noout</c>): without one nothing is signed. Every server that may be the scheduler needs one, the same or its own.
    /// </summary>
    public string? KeyFile { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate() => [];
}
