using System.Globalization;

namespace RemoteExec.Execution.Availability;

/// <summary>The scheduler that is the active one, as the lease tells.</summary>
/// <param name="Epoch">Its number: each that becomes the active one has a higher one.</param>
/// <param name="Addresses">Where it is reached.</param>
public sealed record LeaseHolder(long Epoch, SchedulerAddresses Addresses)
{
    /// <summary>Reads a lease; null for one that is no lease, or nobody's.</summary>
    public static LeaseHolder? Parse(string lease)
    {
        int space = lease.IndexOf(' ');
        return space > 0 && long.TryParse(lease.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out long epoch)
            && SchedulerAddresses.Parse(lease[(space + 1)..]) is { } addresses
            ? new LeaseHolder(epoch, addresses)
            : null;
    }
}
