using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.Builds.Calls;

/// <summary>A <see cref="CallEvent"/> that waits; what it has of varying length lies in its <see cref="CallBatch"/>.</summary>
internal struct CallEntry
{
    public Digest Digest;
    public long Timestamp;
    public long Bytes;
    public string? UserAgent;
    public string? Outcome;
    public int Blobs;
    public int ExitCode;
    public int MetadataLength;
    public int ExecutionLength;
    public CallKind Kind;
    public bool IsMerged;
}
