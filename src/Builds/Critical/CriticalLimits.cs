namespace RemoteExec.Builds.Critical;

/// <summary>How much of a build is looked at.</summary>
internal sealed record CriticalLimits
{
    /// <summary>How many actions: those that the build asked for first.</summary>
    public int Actions { get; init; } = 50_000;

    /// <summary>How many directories, each of which is read once.</summary>
    public int Directories { get; init; } = 500_000;

    /// <summary>How deep a tree.</summary>
    public int Depth { get; init; } = 200;

    /// <summary>How many outputs of an action.</summary>
    public int Outputs { get; init; } = 20_000;

    /// <summary>For how long.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(20);
}
