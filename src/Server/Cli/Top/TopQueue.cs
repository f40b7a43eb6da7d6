using RemoteExec.Protocol.Operators;

namespace RemoteExec.Server.Cli.Top;

/// <summary>What waits and who works.</summary>
/// <param name="Queued">Actions that wait.</param>
/// <param name="OldestSeconds">How long the first of them has waited; null if none waits.</param>
/// <param name="Running">Actions that run.</param>
/// <param name="Workers">Workers in service.</param>
/// <param name="OutOfService">Workers that are drained or quarantined.</param>
/// <param name="Slots">Slots of workers in service.</param>
/// <param name="BusySlots">Those of them that run something.</param>
internal sealed record TopQueue(int Queued, double? OldestSeconds, int Running, int Workers, int OutOfService, int Slots, int BusySlots)
{
    /// <summary>The sums of all queues and pools.</summary>
    public static TopQueue Of(ListQueuesResponse queues) => new(
        queues.Queues.Sum(queue => queue.Queued),
        queues.Queues.Max(queue => queue.Oldest?.ToTimeSpan().TotalSeconds),
        queues.Queues.Sum(queue => queue.Running),
        queues.Pools.Sum(pool => pool.Workers),
        queues.Pools.Sum(pool => pool.OutOfService),
        queues.Pools.Sum(pool => pool.Slots),
        queues.Pools.Sum(pool => pool.BusySlots));
}
