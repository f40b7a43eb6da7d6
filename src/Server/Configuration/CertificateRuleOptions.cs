namespace RemoteExec.Server.Configuration;

/// <summary>What those may do whose certificates fit.</summary>
internal sealed record CertificateRuleOptions : IOptions
{
    /// <summary>What the whole subject has to be, as <c>openssl x509 -subject -nameopt RFC2253</c> prints it but with blanks after commas: <c>CN=ci-*, O=Example</c>. A <c>*</c> stands for anything.</summary>
    public string? Subject { get; init; }

    /// <summary>What one of the alternative names has to be: of a machine, an e-mail address or a URI. A <c>*</c> stands for anything.</summary>
    public string? San { get; init; }

    /// <summary>The role.</summary>
    public string? Role { get; init; }

    /// <summary>The instances in which the role holds, and in those below them: <c>*</c> for all, <c>/</c> for the one without a name.</summary>
    public IReadOnlyList<string> Instances { get; init; } = ["*"];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Role is null)
            yield return new(nameof(Role), "is missing: what may those do whose certificates fit?");
        if (Subject is null && San is null)
            yield return new(nameof(Subject), "is missing, and san too: which certificates? '*' as subject takes every one of the authority");
        if (Instances.Count == 0)
            yield return new(nameof(Instances), "is empty: name instances, or leave it out for all");
        foreach (OptionProblem problem in AuthOptions.CheckInstances(nameof(Instances), Instances))
            yield return problem;
    }
}
