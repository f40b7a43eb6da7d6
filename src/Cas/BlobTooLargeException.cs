using RemoteExec.Protocol;

namespace RemoteExec.Cas;

/// <summary>A blob is longer than its reader is willing to take into memory.</summary>
public sealed class BlobTooLargeException(Digest digest, long length, long limit)
    : CasException($"{digest} has {length} bytes, more than the {limit} allowed here")
{
    /// <summary>The blob.</summary>
    public Digest Digest { get; } = digest;
}
