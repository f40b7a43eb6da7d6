using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using RemoteExec.Protocol.Access;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Auth;

/// <summary>Knows callers by the certificates of their connections: those of one authority, whose names fit rules. A call with an authorization header is known by that.</summary>
internal sealed class CertificateAuthenticator : IAuthenticator
{
    private const string Setting = "auth.certificates.ca";
    private readonly ClientAuthority authority;
    private readonly List<(NamePattern? Subject, NamePattern? San, IReadOnlyList<Grant> Grants)> rules;
    private readonly ConditionalWeakTable<X509Certificate2, Verdict> verdicts = []; // a connection shows one object with each of its calls

    /// <summary>Reads the authority.</summary>
    /// <param name="options">The options, which name one.</param>
    /// <param name="roles">The roles of rules.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="StartupException">The file can't be used.</exception>
    public CertificateAuthenticator(AuthCertificatesOptions options, Roles roles, TimeProvider time)
    {
        authority = new ClientAuthority(options.Ca!, Setting, time);
        rules = [.. options.Rules.Select(rule => (PatternOf(rule.Subject), PatternOf(rule.San), roles.Find(rule.Role!, AuthOptions.ScopesOf(rule.Instances))!))];
    }

    /// <inheritdoc/>
    public string Kind => "a certificate";

    /// <inheritdoc/>
    public ValueTask<Authentication> AuthenticateAsync(Credentials credentials, CancellationToken cancellationToken) => ValueTask.FromResult(
        credentials is { Authorization: null, Certificate: { } certificate } ? Judge(certificate) : Authentication.NotMine);

    private Authentication Judge(X509Certificate2 certificate) => authority.Trusts(certificate)
        ? verdicts.GetValue(certificate, one => new Verdict(Name(one))).Answer
        : Authentication.Refused("the certificate is not good here: it has expired, is not for clients, or is of another authority");

    private Authentication Name(X509Certificate2 certificate)
    {
        string[] alternatives = [.. AlternativesOf(certificate)];
        Grant[] grants = [.. rules.Where(rule => (rule.Subject?.Fits(certificate.Subject) ?? true) && (rule.San is null || alternatives.Any(rule.San.Fits))).SelectMany(rule => rule.Grants)];
        string name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is { Length: > 0 } simple ? simple : certificate.Subject;
        return grants.Length > 0
            ? Authentication.Of(new Caller(name, "certificate", grants))
            : Authentication.Refused($"the certificate of '{name}' is good, but fits no rule of the server's auth.certificates.rules");
    }

    // Names of machines, e-mail addresses, URIs.
    private static IEnumerable<string> AlternativesOf(X509Certificate2 certificate)
    {
        foreach (X509SubjectAlternativeNameExtension extension in certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            foreach (string name in extension.EnumerateDnsNames())
                yield return name;
        }

        if (certificate.GetNameInfo(X509NameType.EmailName, forIssuer: false) is { Length: > 0 } mail)
            yield return mail;
        if (certificate.GetNameInfo(X509NameType.UrlName, forIssuer: false) is { Length: > 0 } uri)
            yield return uri;
    }

    private static NamePattern? PatternOf(string? text) => text is null ? null : new NamePattern(text);

    private sealed record Verdict(Authentication Answer);
}
