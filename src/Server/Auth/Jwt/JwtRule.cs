using RemoteExec.Protocol.Access;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth.Jwt;

/// <summary>What bearers of some tokens may do.</summary>
/// <param name="claim">The claim that is looked at; null if the token's being good is enough.</param>
/// <param name="value">What one of its values has to be.</param>
/// <param name="grants">What it gives.</param>
internal sealed class JwtRule(string? claim, NamePattern value, IReadOnlyList<Grant> grants)
{
    /// <summary>What it gives.</summary>
    public IReadOnlyList<Grant> Grants { get; } = grants;

    /// <summary>The rule that was configured, and checked.</summary>
    public static JwtRule Of(JwtRuleOptions options, Roles roles) =>
        new(options.Claim, new NamePattern(options.Value ?? "*"), roles.Find(options.Role!, AuthOptions.ScopesOf(options.Instances))!);

    /// <summary>True if it is for whoever has these claims.</summary>
    public bool Fits(JwtClaims claims) => claim is null || claims.ValuesOf(claim).Any(value.Fits);
}
