namespace RemoteExec.Worker.Replay;

/// <summary>What a replay has made, compared with what a result tells.</summary>
/// <param name="RecordedExitCode">The result's exit code.</param>
/// <param name="ExitCode">The replay's.</param>
/// <param name="Parts">All else that either of the two has, by name; of outputs everything in their directories as well.</param>
/// <param name="Problems">What the replay has left where an output is expected, and can't be one; a sentence each.</param>
public sealed record ResultComparison(int RecordedExitCode, int ExitCode, IReadOnlyList<ComparedPart> Parts, IReadOnlyList<string> Problems)
{
    /// <summary>True if nothing differs but, perhaps, the exit code.</summary>
    public bool HasSameParts => Parts.All(part => part.Verdict == PartVerdict.Same);
}
