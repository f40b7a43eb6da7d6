namespace RemoteExec.Server.Configuration;

/// <summary>The configuration can't be used; all that is wrong with it, not just the first.</summary>
internal sealed class ConfigException(IReadOnlyList<ConfigProblem> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>Everything that is wrong, in the order of the file.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; } = problems;
}
