using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;

namespace RemoteExec.Execution.Services;

/// <summary>Makes what workers show where they read and write blobs: for each action that they are given, good in its instance alone, and for a while.</summary>
/// <param name="sign">Makes a token.</param>
/// <param name="lifetime">How long one is good.</param>
/// <param name="time">The clock.</param>
public sealed class LeaseTokens(Func<LeaseGrant, string> sign, TimeSpan lifetime, TimeProvider time)
{
    private const int LongestName = 100; // a worker calls itself what it likes, and headers have bounds

    /// <summary>For an action that a worker runs.</summary>
    internal string ForAction(Lease lease, string worker) => Sign(lease.Action.Digest.Instance, LeaseGrant.Most, lease, worker);

    /// <summary>For reading inputs of actions of an instance ahead, beside the action that a worker runs.</summary>
    internal string ForInputs(InstanceName instance, Lease lease, string worker) => Sign(instance, Right.ReadCas, lease, worker);

    private string Sign(InstanceName instance, Right rights, Lease lease, string worker) =>
        sign(new LeaseGrant(instance, rights, lease.Id, worker.Length <= LongestName ? worker : worker[..LongestName], time.GetUtcNow() + lifetime));
}
