using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>Knows operators by the tokens of <c>operators.tokenFile</c>, which are there where callers are not told apart, too.</summary>
/// <param name="tokens">The tokens.</param>
/// <param name="roles">Tell what operators may do.</param>
internal sealed class OperatorTokenAuthenticator(BearerTokens tokens, Roles roles) : IAuthenticator
{
    private readonly Caller caller = new("operator", "operators.tokenFile", roles.Find("operator", [])!);

    /// <inheritdoc/>
    public string Kind => "an operator's token (Authorization: Bearer)";

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) =>
        ValueTask.FromResult(credentials.BearerToken is { } token && tokens.Contains(token) ? Authentication.Of(caller) : Authentication.NotMine);
}
