using Microsoft.Extensions.Logging;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>Knows callers by tokens that <c>remoteexec token create</c> has made: as <c>Authorization: Bearer</c>, or as the password of HTTP basic with any user's name.</summary>
internal sealed class TokenAuthenticator : IAuthenticator
{
    private const string Setting = "auth.tokens.file";
    private readonly WatchedFile<TokenTable> file;
    private readonly TimeProvider time;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="roles">The roles that tokens may have.</param>
    /// <param name="logger">Told of changes that could not be taken.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">It can't be read, or makes no sense.</exception>
    public TokenAuthenticator(string path, Roles roles, ILogger logger, TimeProvider time)
    {
        this.time = time;
        try
        {
            file = new WatchedFile<TokenTable>(path, text => TokenTable.Parse(text, roles), logger, time);
        }
        catch (StartupException exception)
        {
            throw new StartupException($"{exception.Message} (setting {Setting}; 'remoteexec token create' makes the file)", exception);
        }
    }

    /// <inheritdoc/>
    public string Kind => "a token (Authorization: Bearer, or as the password of Authorization: Basic)";

    /// <summary>The tokens, as the file has them now.</summary>
    public TokenTable Table => file.Value;

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) => ValueTask.FromResult(Authenticate(credentials));

    private Authentication Authenticate(Credentials credentials)
    {
        if (credentials.Authorization is not { } header)
            return Authentication.NotMine;
        TokenTable table = file.Value;
        if (table.FindVerified(header) is { } verified)
            return verified.Use(time.GetUtcNow());
        string? shown = credentials.BearerToken ?? (credentials.TryGetBasic(out _, out string? password) ? password : null);
        if (shown is null || !TokenSecret.IsMeant(shown))
            return Authentication.NotMine;
        return TokenSecret.Parse(shown) is { } secret && table.Find(secret, header) is { } known
            ? known.Use(time.GetUtcNow())
            : Authentication.Refused("the token is not good here: it may be of another server, or not all of it was sent");
    }
}
