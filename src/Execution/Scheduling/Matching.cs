namespace RemoteExec.Execution.Scheduling;

/// <summary>Which queues there are, which groups of workers, and who may serve whom. There are few of each, however many actions and slots.</summary>
internal sealed class Matching(PropertyKinds kinds, FairTree tree)
{
    private readonly Dictionary<PlatformKey, PlatformQueue> queues = [];
    private readonly Dictionary<PlatformKey, WorkerGroup> groups = [];
    private long lastGroup;

    /// <summary>The queues of which something waits or runs.</summary>
    public IReadOnlyCollection<PlatformQueue> Queues => queues.Values;

    /// <summary>The groups, those included whose last slot left only lately.</summary>
    public IReadOnlyCollection<WorkerGroup> Groups => groups.Values;

    /// <summary>The group of a platform, made if need be.</summary>
    public WorkerGroup GroupOf(PlatformKey platform)
    {
        if (groups.TryGetValue(platform, out WorkerGroup? group))
            return group;
        group = new WorkerGroup(platform, kinds, ++lastGroup);
        groups.Add(platform, group);
        foreach (PlatformQueue queue in queues.Values)
            Connect(queue, group);
        return group;
    }

    /// <summary>Forgets a group without slots.</summary>
    public void Remove(WorkerGroup group)
    {
        groups.Remove(group.Platform);
        foreach (PlatformQueue queue in group.Queues)
            queue.Groups.Remove(group);
    }

    /// <summary>The queue of a platform, made if need be.</summary>
    public PlatformQueue QueueOf(PlatformKey platform)
    {
        if (queues.TryGetValue(platform, out PlatformQueue? queue))
            return queue;
        queue = new PlatformQueue(platform, tree);
        queues.Add(platform, queue);
        foreach (WorkerGroup group in groups.Values)
            Connect(queue, group);
        return queue;
    }

    /// <summary>Forgets a queue if nothing of it waits or runs.</summary>
    public void RemoveIfEmpty(PlatformQueue queue)
    {
        if (!queue.IsEmpty)
            return;
        queues.Remove(queue.Platform);
        foreach (WorkerGroup group in queue.Groups)
            group.Queues.Remove(queue);
    }

    private static void Connect(PlatformQueue queue, WorkerGroup group)
    {
        if (!group.Satisfies(queue.Platform))
            return;
        queue.Groups.Add(group);
        group.Queues.Add(queue);
    }
}
