using RemoteExec.Protocol.Access;
using RemoteExec.Server.Auth;

namespace RemoteExec.Server.Configuration;

/// <summary>
/// Who may do what. As long as nothing is said here callers are not told apart: whoever reaches a listener may read, write and execute. Once one way to show who one is is set up, or
/// <c>anonymous</c> is, everything takes a right. <c>docs/security.md</c> has the roles and what each call takes.
/// </summary>
internal sealed record AuthOptions : IOptions
{
    /// <summary>Tokens.</summary>
    public AuthTokensOptions Tokens { get; init; } = new();

    /// <summary>Issuers of signed tokens (JWT).</summary>
    public IReadOnlyList<JwtOptions> Jwt { get; init; } = [];

    /// <summary>Users with passwords.</summary>
    public AuthBasicOptions Basic { get; init; } = new();

    /// <summary>Certificates that callers show.</summary>
    public AuthCertificatesOptions Certificates { get; init; } = new();

    /// <summary>
    /// Roles by name, beside <c>reader</c>, <c>developer</c>, <c>ci</c>, <c>worker</c>, <c>operator</c>, <c>node</c> and <c>admin</c>, which are there.
    /// </summary>
    public IReadOnlyDictionary<string, RoleOptions> Roles { get; init; } = new Dictionary<string, RoleOptions>();

    /// <summary>What workers may do with blobs.</summary>
    public AuthLeasesOptions Leases { get; init; } = new();

    /// <summary>The role of who shows no credentials. Without it, he can see no more than whether the server is well.</summary>
    public string? Anonymous { get; init; }

    /// <summary>Whether <c>/metrics</c> is for everybody who reaches the HTTP listener. Otherwise it takes <c>operate</c>.</summary>
    public bool PublicMetrics { get; init; }

    /// <summary>The audit log.</summary>
    public AuthAuditOptions Audit { get; init; } = new();

    /// <summary>True if there is a way to show who one is.</summary>
    internal bool HasMethod => Tokens.File is not null || Jwt.Count > 0 || Basic.File is not null || Certificates.Ca is not null;

    /// <summary>True if callers are told apart.</summary>
    internal bool IsOn => HasMethod || Anonymous is not null;

    /// <summary>The scopes that names of instances stand for; valid names only.</summary>
    internal static IReadOnlyList<InstanceScope> ScopesOf(IReadOnlyList<string> instances) =>
        [.. instances.Select(text => InstanceScope.TryParse(text, out InstanceScope? scope, out _) ? scope : null).OfType<InstanceScope>()];

    /// <summary>What is wrong with names of instances.</summary>
    internal static IEnumerable<OptionProblem> CheckInstances(string property, IReadOnlyList<string> instances)
    {
        foreach (string text in instances)
        {
            if (!InstanceScope.TryParse(text, out _, out string? error))
                yield return new(property, error);
        }
    }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach (string name in Roles.Keys.Where(Auth.Roles.Presets.ContainsKey))
            yield return new(nameof(Roles), $"'{name}' is there already, with the rights {string.Join(", ", RightNames.Of(Auth.Roles.Presets[name]))}: take another name");
        if (Anonymous is not null && CheckRole(Anonymous) is { } unknown)
            yield return new(nameof(Anonymous), unknown);
        foreach (string role in Certificates.Rules.Select(rule => rule.Role).OfType<string>().Distinct())
        {
            if (CheckRole(role) is { } absent)
                yield return new($"{nameof(Certificates)}.{nameof(Certificates.Rules)}", absent);
        }

        foreach (string role in Jwt.SelectMany(issuer => issuer.Rules).Select(rule => rule.Role).OfType<string>().Distinct())
        {
            if (CheckRole(role) is { } missing)
                yield return new(nameof(Jwt), missing);
        }
    }

    /// <summary>What is wrong with the name of a role; null if nothing is.</summary>
    private string? CheckRole(string role) => Auth.Roles.Presets.ContainsKey(role) || Roles.ContainsKey(role)
        ? null
        : $"there is no role '{role}': there are {string.Join(", ", Auth.Roles.Presets.Keys.Concat(Roles.Keys))}";
}
