using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth;

/// <summary>All ways to show who one is, asked in their order, and what becomes of who shows nothing. A header counts before a certificate; one that is bad is told, and not passed over.</summary>
/// <param name="ways">The ways.</param>
/// <param name="anonymous">What who shows nothing may do; null if he may do nothing.</param>
internal sealed class Authenticators(IReadOnlyList<IAuthenticator> ways, IReadOnlyList<Grant>? anonymous)
{
    private readonly Caller? nobody = anonymous is null ? null : Caller.Anonymous(anonymous);
    private readonly string kinds = ways.Count == 0 ? "" : $"show {string.Join(", or ", ways.Select(way => way.Kind))}";

    /// <summary>Who calls, or why that can't be said: never <see cref="Authentication.NotMine"/>.</summary>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken)
    {
        for (int i = 0; i < ways.Count; i++)
        {
            ValueTask<Authentication> asked = ways[i].AuthenticateAsync(credentials, cancellationToken);
            if (!asked.IsCompletedSuccessfully)
                return AskOnAsync(asked, i + 1, credentials, cancellationToken);
            Authentication answer = asked.GetAwaiter().GetResult();
            if (answer != Authentication.NotMine)
                return ValueTask.FromResult(answer);
        }

        return ValueTask.FromResult(OfNobody(credentials));
    }

    private async ValueTask<Authentication> AskOnAsync(ValueTask<Authentication> asked, int next, Credentials credentials, CancellationToken cancellationToken)
    {
        Authentication answer = await asked;
        while (answer == Authentication.NotMine && next < ways.Count)
            answer = await ways[next++].AuthenticateAsync(credentials, cancellationToken);
        return answer != Authentication.NotMine ? answer : OfNobody(credentials);
    }

    private Authentication OfNobody(Credentials credentials)
    {
        if (credentials.Authorization is not null)
            return Authentication.Refused(kinds.Length == 0 ? "this server takes no credentials: send no authorization header" : $"the credentials are of no kind that this server takes: {kinds}");
        return nobody is null ? Authentication.Refused($"this server has to know who calls: {kinds}") : Authentication.Of(nobody);
    }
}
