namespace RemoteExec.Builds.Explain;

/// <summary>How far a comparison of two actions goes.</summary>
public sealed record ComparisonLimits
{
    /// <summary>How many pairs of directories are read.</summary>
    public int Directories { get; init; } = 10_000;

    /// <summary>How many levels of directories are descended.</summary>
    public int Depth { get; init; } = 256;

    /// <summary>How many changed inputs are listed.</summary>
    public int Inputs { get; init; } = 1000;

    /// <summary>How many changed files are compared by their lines.</summary>
    public int TextDiffs { get; init; } = 5;

    /// <summary>How long the walk through the trees may take.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);
}
