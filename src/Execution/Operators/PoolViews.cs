using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>Workers as operators see them.</summary>
internal static class PoolViews
{
    /// <summary>All workers that offer the same.</summary>
    public static PoolInfo Of(WorkerGroup group)
    {
        var view = new PoolInfo { Platform = { PropertiesOf(group.Platform) } };
        foreach (WorkerNode worker in group.Workers.Values)
        {
            foreach (Slot slot in worker.Slots)
                view.BusySlots += slot.Run is null ? 0 : 1;
            if (!worker.IsUsable)
            {
                view.OutOfService++;
                continue;
            }

            view.Workers++;
            view.Slots += worker.Slots.Count;
            view.IdleSlots += worker.Idle.Count;
        }

        return view;
    }

    /// <summary>One worker.</summary>
    /// <param name="worker">The worker.</param>
    /// <param name="quarantinedUntil">When its quarantine ends; null if it is in none.</param>
    public static WorkerInfo Of(WorkerNode worker, DateTimeOffset? quarantinedUntil)
    {
        var view = new WorkerInfo
        {
            Name = worker.Name,
            Id = worker.Id,
            Platform = { PropertiesOf(worker.Group.Platform) },
            Slots = worker.Slots.Count,
            CpuMillis = worker.Capacity?.CpuMillis ?? 0,
            MemoryBytes = worker.Capacity?.MemoryBytes ?? 0,
            CpuMillisUsed = worker.Used.CpuMillis,
            MemoryBytesUsed = worker.Used.MemoryBytes,
            Draining = worker.IsDraining,
            QuarantinedUntil = quarantinedUntil is { } until ? Timestamp.FromDateTimeOffset(until) : null,
            LastSeen = Timestamp.FromDateTimeOffset(worker.LastSeen),
            ProtocolMinor = worker.ProtocolMinor,
        };
        foreach (Slot slot in worker.Slots)
        {
            if (slot.Run is not { } run)
                continue;
            view.BusySlots++;
            view.Operations.AddRange(run.Execution.Operations.Select(operation => operation.Name.ToString()));
        }

        return view;
    }

    /// <summary>The properties of a platform.</summary>
    public static IEnumerable<Property> PropertiesOf(PlatformKey platform) =>
        platform.Properties.Select(property => new Property { Name = property.Name, Value = property.Value });
}
