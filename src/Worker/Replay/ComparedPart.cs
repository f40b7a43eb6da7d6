using RemoteExec.Protocol;

namespace RemoteExec.Worker.Replay;

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
