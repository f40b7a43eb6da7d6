using RemoteExec.Protocol;

namespace RemoteExec.Cas.Builds;

/// <summary>What came of a call, for an <see cref="ICallObserver"/>.</summary>
public readonly ref struct CallEvent
{
    /// <summary>What came of it.</summary>
    public required CallKind Kind { get; init; }

    /// <summary>The instance and, where it is about one, the action; of calls about blobs any digest of theirs.</summary>
    public required Digest Digest { get; init; }

    /// <summary>For whom the call was made; null if the client did not say.</summary>
    public CallMetadata? Metadata { get; init; }

    /// <summary>What the client calls itself otherwise: the first part of its user agent. Null if that is not known.</summary>
    public string? UserAgent { get; init; }

    /// <summary>How many bytes of content were carried.</summary>
    public long Bytes { get; init; }

    /// <summary>How many blobs it is about.</summary>
    public int Blobs { get; init; }

    /// <summary>An encoded <c>ExecutedActionMetadata</c>: how the action ran, now or when its result was made; empty if that is not known.</summary>
    public ReadOnlySpan<byte> Execution { get; init; }

    /// <summary>How an execution ended, in a word of a small set; null for other kinds.</summary>
    public string? Outcome { get; init; }

    /// <summary>The exit code of an execution.</summary>
    public int ExitCode { get; init; }

    /// <summary>True if the action was being run for somebody else already, and was not run again.</summary>
    public bool IsMerged { get; init; }
}
