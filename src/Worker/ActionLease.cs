using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol;

namespace RemoteExec.Worker;

/// <summary>One attempt at one action, as the scheduler gave it out.</summary>
/// <param name="Id">New for each attempt.</param>
/// <param name="ActionDigest">The action's digest: its instance and function are those of all digests in it (DIG-10).</param>
/// <param name="Action">The action.</param>
/// <param name="Timeout">How long its command may run (ACT-02, ACT-03).</param>
/// <param name="Queued">When the action was queued; null if the scheduler did not say.</param>
internal sealed record ActionLease(string Id, Digest ActionDigest, Reapi.Action Action, TimeSpan Timeout, Timestamp? Queued);
