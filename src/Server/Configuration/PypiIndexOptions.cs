using RemoteExec.Fetching;
using RemoteExec.Protocol;
using RemoteExec.Python.Names;
using RemoteExec.Python.Serving;

namespace RemoteExec.Server.Configuration;

/// <summary>An index of Python packages.</summary>
internal sealed record PypiIndexOptions : IOptions
{
    private static readonly RetentionOptions defaults = new();

    /// <summary>The instance that it is in: whose rights it takes, and whose blobs it is made of.</summary>
    public string Instance { get; init; } = "";

    /// <summary>
    /// An index behind it, as <c>https://pypi.org/simple/</c>: projects that this one does not know are looked for there. Their files are fetched when they are asked for, if they have the SHA-256 that its pages name; from
    /// then on the name of a file stands for that content for good.
    /// </summary>
    public string? Upstream { get; init; }

    /// <summary>Whether the upstream, and the files that its pages name, may be at private addresses, or on this machine.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>A PEM file with the certificates to trust instead of the system's, for an upstream with an authority of its own.</summary>
    public string? CaFile { get; init; }

    /// <summary>
    /// Projects that never come from the upstream, though the index does not have them yet, as <c>acme-*</c>: else somebody could put one of that name there before. What the index has never comes from there anyway.
    /// </summary>
    public IReadOnlyList<string> Private { get; init; } = [];

    /// <summary>Projects whose files come from both: those of the index, and those of other names from the upstream, where somebody else may put later versions.</summary>
    public IReadOnlyList<string> Shared { get; init; } = [];

    /// <summary>How long builds of channels stay that nobody fetches, but for the newest of each, and files of the upstream.</summary>
    public TimeSpan Retention { get; init; } = defaults.Unused;

    /// <summary>How long all other files stay, from when they were added; without it, for ever.</summary>
    public TimeSpan? ReleaseRetention { get; init; }

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (!InstanceName.TryParse(Instance, out _, out string? error))
            yield return new(nameof(Instance), error);
        if (Upstream is not null && (!Uri.TryCreate(Upstream, UriKind.Absolute, out Uri? address) || FetchableAddresses.ProblemOf(address) is not null))
            yield return new(nameof(Upstream), "must be an https:// address without a password in it, as https://pypi.org/simple/; http:// for this machine alone");
        foreach ((string property, string pattern) in Private.Select(pattern => (nameof(Private), pattern)).Concat(Shared.Select(pattern => (nameof(Shared), pattern))))
        {
            if (ProjectPattern.TryParse(pattern) is null)
                yield return new(property, $"'{pattern}' is neither the name of a project nor the begin of one with * behind it");
        }

        if (Retention < TimeSpan.FromDays(1))
            yield return new(nameof(Retention), "must be at least 1d");
        if (ReleaseRetention < TimeSpan.FromDays(1))
            yield return new(nameof(ReleaseRetention), "must be at least 1d");
    }
}
