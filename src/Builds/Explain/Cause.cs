namespace RemoteExec.Builds.Explain;

/// <summary>One reason why an action is not the one that was executed before.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Subject">Which one: the name of a variable, a flag or a property, the path of an input; empty where there is only one. Causes with the same kind and subject count as one.</param>
/// <param name="Sentence">The same for people.</param>
public sealed record Cause(CauseKind Kind, string Subject, string Sentence)
{
    /// <summary>The path of the input that it is about, below the input root; null if it is about none.</summary>
    public string? InputPath { get; init; }
}
