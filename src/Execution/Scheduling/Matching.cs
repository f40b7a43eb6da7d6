namespace RemoteExec.Execution.Scheduling;

/// <summary>Which queues there are, which groups of workers, and who may run what. There are few of each, however many actions and slots.</summary>
internal sealed class Matching
{
    private readonly Dictionary<PlatformKey, PlatformQueue> queues = [];
    private readonly Dictionary<PlatformKey, WorkerGroup> groups = [];

    /// <summary>The queues that are not empty.</summary>
    public IReadOnlyCollection<PlatformQueue> Queues => queues.Values;

    /// <summary>The groups, those included whose last slot left only lately.</summary>
    public IReadOnlyCollection<WorkerGroup> Groups => groups.Values;

    /// <summary>The group of a platform, made if need be.</summary>
    public WorkerGroup GroupOf(PlatformKey platform)
    {
        if (groups.TryGetValue(platform, out WorkerGroup? group))
            return group;
        group = new WorkerGroup(platform);
        groups.Add(platform, group);
        foreach (PlatformQueue queue in queues.Values)
        {
            if (group.Satisfies(queue.Platform))
                queue.Groups.Add(group);
        }

        return group;
    }

    /// <summary>Forgets a group without slots.</summary>
    public void Remove(WorkerGroup group)
    {
        groups.Remove(group.Platform);
        foreach (PlatformQueue queue in queues.Values)
            queue.Groups.Remove(group);
    }

    /// <summary>Puts an execution into its queue, made if need be.</summary>
    public PlatformQueue Enqueue(Execution execution)
    {
        PlatformKey platform = execution.Action.Platform;
        if (!queues.TryGetValue(platform, out PlatformQueue? queue))
        {
            queue = new PlatformQueue(platform);
            queue.Groups.UnionWith(groups.Values.Where(group => group.Satisfies(platform)));
            queues.Add(platform, queue);
        }

        queue.Waiting.Add(execution);
        return queue;
    }

    /// <summary>The queue in which an execution waits.</summary>
    public PlatformQueue QueueOf(Execution execution) => queues[execution.Action.Platform];

    /// <summary>Takes an execution out of its queue.</summary>
    public void Dequeue(Execution execution)
    {
        PlatformQueue queue = QueueOf(execution);
        queue.Waiting.Remove(execution);
        if (queue.Waiting.Count == 0)
            queues.Remove(queue.Platform);
    }

    /// <summary>
    /// The next slot and what it should run; null if no idle slot may run anything that waits. A slot gets the most urgent execution it may
    /// run; of several groups, the one that offers least goes first, so that rare abilities stay free for those who need them.
    /// </summary>
    public (Slot Slot, Execution Execution)? NextPair()
    {
        if (queues.Count == 0)
            return null;
        (Slot Slot, Execution Execution)? best = null;
        foreach (WorkerGroup group in groups.Values)
        {
            if (group.Idle.Count > 0 && (best is null || group.Platform.Properties.Count < best.Value.Slot.Group.Platform.Properties.Count))
                best = NextPairOf(group) ?? best;
        }

        return best;
    }

    private (Slot Slot, Execution Execution)? NextPairOf(WorkerGroup group)
    {
        PlatformQueue[] fitting = [.. queues.Values.Where(queue => queue.Groups.Contains(group))];
        if (fitting.Length == 0)
            return null;
        foreach (Slot slot in group.Idle)
        {
            Execution? first = null;
            foreach (PlatformQueue queue in fitting)
            {
                Execution? candidate = queue.FirstFor(slot.WorkerName);
                if (candidate is not null && (first is null || candidate.CompareTo(first) < 0))
                    first = candidate;
            }

            if (first is not null)
                return (slot, first);
        }

        return null;
    }
}
