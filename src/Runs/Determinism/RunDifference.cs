namespace RemoteExec.Runs.Determinism;

/// <summary>Something that was not the same in all runs of an action.</summary>
/// <param name="Part">Of what it is.</param>
/// <param name="Path">The path of the output; empty for what is none.</param>
/// <param name="Runs">The numbers of the runs in which it was not as in the first one.</param>
/// <param name="Variants">How many different ones there were.</param>
/// <param name="First">What it was in the first run, in a few words.</param>
/// <param name="Other">What it was in the first run that had another one.</param>
public sealed record RunDifference(DifferingPart Part, string Path, IReadOnlyList<int> Runs, int Variants, string First, string Other)
{
    /// <summary>Where two contents differ; null for what has no content, or is too large to look into.</summary>
    public ContentDifference? Content { get; init; }
}
