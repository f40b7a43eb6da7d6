using RemoteExec.Rpc.Client;

namespace RemoteExec.Execution.Availability;

/// <summary>Where other servers reach a scheduler.</summary>
/// <param name="Clients">Its listener of clients.</param>
/// <param name="Workers">Its listener of workers; null if no worker may join by way of other servers.</param>
public sealed record SchedulerAddresses(RpcAddress Clients, RpcAddress? Workers)
{
    private const string None = "-";

    /// <summary>Reads what <see cref="ToString"/> wrote; null for anything else.</summary>
    public static SchedulerAddresses? Parse(string text)
    {
        if (text.Split(' ') is not [var clients, var workers] || !RpcAddress.TryParse(clients, out RpcAddress? first, out _))
            return null;
        if (workers == None)
            return new SchedulerAddresses(first, null);
        return RpcAddress.TryParse(workers, out RpcAddress? second, out _) ? new SchedulerAddresses(first, second) : null;
    }

    /// <summary>Both, as they stand in a lease.</summary>
    public override string ToString() => $"{Clients} {Workers?.ToString() ?? None}";
}
