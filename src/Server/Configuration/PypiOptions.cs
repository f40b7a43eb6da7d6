using RemoteExec.Python.Names;

namespace RemoteExec.Server.Configuration;

/// <summary>Indexes of Python packages, which pip and others read below <c>/pypi/</c>. docs/pypi.md tells of them. Who may write results may make further ones, for which nothing has to be said here.</summary>
internal sealed record PypiOptions : IOptions
{
    /// <summary>What is to be said of indexes, by name.</summary>
    public IReadOnlyDictionary<string, PypiIndexOptions> Indexes { get; init; } = new Dictionary<string, PypiIndexOptions>();

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach (string name in Indexes.Keys.Where(name => !IndexName.TryParse(name, out _)))
            yield return new(nameof(Indexes), $"'{name}' is no name of an index: write letters, digits and . _ -, a letter or a digit first, 64 at most");
    }
}
