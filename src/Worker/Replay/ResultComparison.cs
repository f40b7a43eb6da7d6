using RemoteExec.Protocol;

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

/// <summary>A part of a result, compared.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Of an output, its path relative to the working directory; else empty.</param>
/// <param name="Verdict">What came of it.</param>
public sealed record ComparedPart(PartKind Kind, string Path, PartVerdict Verdict)
{
    /// <summary>In what it differs, for people; null if it does not, or the verdict says all.</summary>
    public string? What { get; init; }

    /// <summary>The first byte that differs; null if no content does, or that is not known.</summary>
    public long? FirstOffset { get; init; }

    /// <summary>What the result has of it; null if it has nothing, or no file.</summary>
    public Digest? Recorded { get; init; }

    /// <summary>What the replay has made of it; null if it made nothing, or no file.</summary>
    public Digest? Replayed { get; init; }
}

/// <summary>What a part of a result is.</summary>
public enum PartKind
{
    /// <summary>What was written to standard output.</summary>
    Stdout,

    /// <summary>What was written to standard error.</summary>
    Stderr,

    /// <summary>An output, or something in one.</summary>
    Output,
}

/// <summary>How a part of a result compares.</summary>
public enum PartVerdict
{
    /// <summary>Both are equal.</summary>
    Same,

    /// <summary>Both have it, but not the same.</summary>
    Differs,

    /// <summary>The result has it, the replay has not.</summary>
    Missing,

    /// <summary>The replay has it, the result has not.</summary>
    New,
}
