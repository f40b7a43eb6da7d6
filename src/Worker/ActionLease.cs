using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;

namespace RemoteExec.Worker;

/// <summary>One attempt at one action, as the scheduler gave it out.</summary>
/// <param name="Id">New for each attempt.</param>
/// <param name="ActionDigest">The action's digest: its instance and function are those of all digests in it (DIG-10).</param>
/// <param name="Action">The action.</param>
/// <param name="Timeout">How long its command may run (ACT-02, ACT-03).</param>
/// <param name="Queued">When the action was queued; null if the scheduler did not say.</param>
internal sealed record ActionLease(string Id, Digest ActionDigest, Reapi.Action Action, TimeSpan Timeout, Timestamp? Queued)
{
    /// <summary>The context of the client's call for traces (W3C <c>traceparent</c>); null if it is not traced.</summary>
    public string? TraceContext { get; init; }

    /// <summary>What is shown where blobs are read and written for it; null if the worker's own credentials are.</summary>
    public LeaseCredential? Credential { get; init; }

    /// <summary>Thousandths of a core that are set aside for it; 0 if the scheduler did not say.</summary>
    public long CpuMillis { get; init; }

    /// <summary>The memory that it asked for, and so has to do with, in bytes; 0 if it asked for none.</summary>
    public long MemoryBytes { get; init; }
}
