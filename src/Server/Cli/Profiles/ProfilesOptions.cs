using System.Text.RegularExpressions;
using RemoteExec.Server.Configuration;

namespace RemoteExec.Server.Cli.Profiles;

/// <summary>The file of profiles: each by its name, and which one is used.</summary>
internal sealed partial record ProfilesOptions : IOptions
{
    /// <summary>The name of the profile that is used where none is named; null for none.</summary>
    public string? Current { get; init; }

    /// <summary>The profiles.</summary>
    public IReadOnlyDictionary<string, ProfileOptions> Profiles { get; init; } = new Dictionary<string, ProfileOptions>();

    /// <summary>True if a profile may be called so: its name is that of a file as well.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach (string name in Profiles.Keys.Where(name => !IsName(name)))
            yield return new OptionProblem(nameof(Profiles), $"'{name}' is no name of a profile: write letters, digits and . _ -");
        if (Current is not null && !Profiles.ContainsKey(Current))
            yield return new OptionProblem(nameof(Current), $"there is no profile '{Current}'");
    }

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    private static partial Regex Name();
}
