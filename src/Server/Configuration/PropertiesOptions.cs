namespace RemoteExec.Server.Configuration;

/// <summary>What platform properties mean that do not have to be offered with the same value.</summary>
internal sealed record PropertiesOptions : IOptions
{
    /// <summary>Names of the property that says how many cores an action takes of its worker: <c>4</c>, <c>0.5</c>.</summary>
    public IReadOnlyList<string> Cores { get; init; } = ["cores"];

    /// <summary>Names of the property that says how much memory it takes: <c>512MiB</c>, <c>2g</c>, or a number of bytes.</summary>
    public IReadOnlyList<string> Memory { get; init; } = ["memory"];

    /// <summary>Properties that are numbers, of which a worker has to offer as much or more; they are not used up.</summary>
    public IReadOnlyList<string> Minimum { get; init; } = [];

    /// <summary>Properties that do not matter for the choice of a worker, as names of caches; a <c>*</c> at the end stands for anything.</summary>
    public IReadOnlyList<string> Ignored { get; init; } = [];

    /// <summary>The name of the property that says how many seconds the build needs at least from an action on: of equal priority, more goes first.</summary>
    public string CriticalPath { get; init; } = "critical-path-seconds";

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        foreach (IGrouping<string, string> repeated in Cores.Concat(Memory).Concat(Minimum).Concat(Ignored).Append(CriticalPath).GroupBy(name => name).Where(group => group.Count() > 1))
            yield return new("", $"property '{repeated.Key}' stands in more than one place: it can mean one thing only");
    }
}
