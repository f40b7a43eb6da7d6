using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Calls;

/// <summary>What came of a call, taken apart. What is text lies in memory that is used again: copy what is kept.</summary>
internal readonly ref struct ObservedCall
{
    /// <summary>What came of it.</summary>
    public required CallKind Kind { get; init; }

    /// <summary>When, in milliseconds since 1970.</summary>
    public required long Milliseconds { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(Milliseconds);

    /// <summary>The instance and, where it is about one, the action; of calls about blobs any digest of theirs.</summary>
    public required Digest Digest { get; init; }

    /// <summary>For whom the call was made.</summary>
    public MetadataFields Metadata { get; init; }

    /// <summary>How the action ran.</summary>
    public ExecutionTimes Execution { get; init; }

    /// <summary>What the client calls itself in its user agent; null if that is not known.</summary>
    public string? UserAgent { get; init; }

    /// <summary>How many bytes of content were carried.</summary>
    public long Bytes { get; init; }

    /// <summary>How many blobs it is about.</summary>
    public int Blobs { get; init; }

    /// <summary>How an execution ended; null for other kinds.</summary>
    public string? Outcome { get; init; }

    /// <summary>The exit code of an execution.</summary>
    public int ExitCode { get; init; }

    /// <summary>True if the action was being run for somebody else already.</summary>
    public bool IsMerged { get; init; }
}
