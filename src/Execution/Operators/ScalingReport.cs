using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>How many workers there should be, made of what waits and of who is there.</summary>
internal static class ScalingReport
{
    /// <summary>Adds up the queues and pools that were selected.</summary>
    /// <param name="view">Each action is in one queue, each worker in one pool.</param>
    /// <param name="slotsPerWorker">The slots of a worker that would be started; 0 for the average of those that are there.</param>
    /// <exception cref="OperatorRequestException">The number makes no sense.</exception>
    public static Scaling Make(ListQueuesResponse view, int slotsPerWorker)
    {
        if (slotsPerWorker < 0)
            throw new OperatorRequestException($"slotsPerWorker is negative: {slotsPerWorker}; write how many actions one worker runs at a time, or leave it out");
        var scaling = new Scaling
        {
            Queued = view.Queues.Sum(queue => queue.Queued),
            Running = view.Queues.Sum(queue => queue.Running),
            OldestWaitSeconds = view.Queues.Max(queue => queue.Oldest?.ToTimeSpan().TotalSeconds) ?? 0,
            Workers = view.Pools.Sum(pool => pool.Workers),
            IdleSlots = view.Pools.Sum(pool => pool.IdleSlots),
            Slots = view.Pools.Sum(pool => pool.Slots),
        };
        scaling.WantedSlots = scaling.Queued + scaling.Running;
        double perWorker = slotsPerWorker > 0 ? slotsPerWorker : scaling.Workers > 0 ? Math.Max(1, (double)scaling.Slots / scaling.Workers) : 1;
        scaling.DesiredWorkers = (int)Math.Ceiling(scaling.WantedSlots / perWorker);
        return scaling;
    }
}
