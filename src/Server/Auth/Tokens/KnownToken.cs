using RemoteExec.Protocol.Access;

namespace RemoteExec.Server.Auth.Tokens;

/// <summary>A token of the file, ready to be compared.</summary>
/// <param name="token">What the file says.</param>
/// <param name="caller">Who shows it; null if its role is not there.</param>
internal sealed class KnownToken(ApiToken token, Caller? caller)
{
    private readonly long expires = token.Expires?.UtcTicks ?? long.MaxValue;
    private long lastUse; // ticks of UTC; 0 for none

    /// <summary>What the file says.</summary>
    public ApiToken Token { get; } = token;

    /// <summary>The hash of the token.</summary>
    public byte[] Hash { get; } = Convert.FromHexString(token.Hash);

    /// <summary>When it was last used since the file was read; null if it was not.</summary>
    public DateTimeOffset? LastUse => Volatile.Read(ref lastUse) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>What comes of showing it.</summary>
    public Authentication Use(DateTimeOffset now)
    {
        if (Token.Revoked is not null)
            return Authentication.Refused($"the token {Token.Id} was revoked: have another one made");
        if (now.UtcTicks >= expires)
            return Authentication.Refused($"the token {Token.Id} has expired: have another one made");
        if (caller is null)
            return Authentication.Refused($"the token {Token.Id} has the role '{Token.Role}', which this server does not have (setting auth.roles)");
        Volatile.Write(ref lastUse, now.UtcTicks);
        return answer;
    }

    private readonly Authentication answer = caller is null ? default : Authentication.Of(caller);
}
