namespace RemoteExec.Server.Auth.Jwt;

/// <summary>What came of looking at a token.</summary>
internal abstract record JwtVerdict
{
    private JwtVerdict()
    {
    }

    /// <summary>It is good.</summary>
    /// <param name="Issuer">Whose it is.</param>
    /// <param name="Claims">What it says.</param>
    /// <param name="Expires">When it is good no longer, what clocks may differ by included.</param>
    /// <param name="Keys">Among which its key is.</param>
    internal sealed record Good(JwtIssuer Issuer, JwtClaims Claims, DateTimeOffset Expires, JsonWebKeySet Keys) : JwtVerdict;

    /// <summary>It is not, for a reason that may be told to whoever has sent it.</summary>
    internal sealed record Bad(string Reason) : JwtVerdict;
}
