namespace RemoteExec.Server.Auth.Jwt;

/// <summary>Tells good tokens from bad ones: signed JWTs in their compact writing, of issuers that are known. Thread-safe.</summary>
/// <param name="issuers">Whose tokens are taken; this object's from now on.</param>
internal sealed class JwtVerifier(IReadOnlyList<JwtIssuer> issuers) : IAsyncDisposable
{
    /// <summary>Judges a token.</summary>
    public async ValueTask<JwtVerdict> VerifyAsync(string text, CancellationToken cancellationToken)
    {
        if (CompactToken.Parse(text, out string problem) is not { } token)
            return new JwtVerdict.Bad(problem);
        if (StrictJson.TextOf(token.Payload, "iss") is not { } name)
            return new JwtVerdict.Bad("it does not say whose it is (iss)");
        JwtVerdict verdict = new JwtVerdict.Bad("its issuer is not one whose tokens are taken here");
        foreach (JwtIssuer issuer in issuers.Where(issuer => issuer.Name == name))
        {
            // There may be several, for several audiences.
            verdict = await issuer.JudgeAsync(token, cancellationToken);
            if (verdict is JwtVerdict.Good)
                break;
        }

        return verdict;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (JwtIssuer issuer in issuers)
            await issuer.DisposeAsync();
    }
}
