using RemoteExec.Protocol;

namespace RemoteExec.Execution.Operations;

/// <summary>A digest for several who keep it: as long as those of some functions are, every copy counts when a million actions wait.</summary>
internal sealed class SharedDigest(Digest value)
{
    /// <summary>The digest.</summary>
    public Digest Value { get; } = value;
}
