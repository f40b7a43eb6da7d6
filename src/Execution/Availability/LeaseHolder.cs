using System.Globalization;

namespace RemoteExec.Execution.Availability;

/// <summary>The scheduler that is the active one, as the lease tells.</summary>
/// <param name="Epoch">Its number: each that becomes the active one has a higher one.</param>
/// <param name="Addresses">Where it is reached.</param>
internal sealed record LeaseHolder(long Epoch, SchedulerAddresses Addresses)
{
    /// <summary>Reads a lease; null for one that is no lease, or nobody's.</summary>
    public static LeaseHolder? Parse(string lease) =>
        lease.Split(' ') is [var number, var grpc, var workers] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long epoch)
            ? new LeaseHolder(epoch, new SchedulerAddresses(grpc, workers))
            : null;
}
