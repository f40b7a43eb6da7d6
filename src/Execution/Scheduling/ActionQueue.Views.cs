using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Scheduling;

// What operators see and do.
public sealed partial class ActionQueue
{
    private const int CancelledAtATime = 256; // for others to get the lock meanwhile
    private const int ToldAtATime = 64; // for the same reason

    /// <summary>What waits for each platform that the filter selects, and who could run it.</summary>
    internal ListQueuesResponse ListQueues(PlatformFilter filter, int mostBuilds)
    {
        lock (gate)
            return scheduler.ListQueues(filter, mostBuilds, time.GetUtcNow());
    }

    /// <summary>The workers that a name means; all if it is empty.</summary>
    /// <exception cref="WorkerNotFoundException">A name was given, and means nobody.</exception>
    internal ListWorkersResponse ListWorkers(string name)
    {
        IReadOnlyList<WorkerNode> nodes;
        var response = new ListWorkersResponse();
        lock (gate)
        {
            nodes = scheduler.FindWorkers(name.Length == 0 ? "*" : name);
            response.Drained.AddRange(scheduler.Drained);
        }

        foreach (WorkerNode[] some in nodes.Chunk(ToldAtATime))
        {
            lock (gate)
                response.Workers.AddRange(some.Select(scheduler.Describe).OfType<WorkerInfo>());
        }

        return response.Workers.Count == 0 && name.Length > 0 ? throw new WorkerNotFoundException(name) : response;
    }

    /// <summary>Operations of a build, on a worker, or all; at most so many.</summary>
    internal ListOperationsResponse ListOperations(string invocation, string worker, bool done, int limit)
    {
        lock (gate)
            return scheduler.ListOperations(invocation, worker, done, limit);
    }

    /// <summary>One operation.</summary>
    /// <exception cref="OperationNotFoundException">There is none of that name.</exception>
    internal OperationInfo Describe(OperationName name)
    {
        lock (gate)
            return scheduler.Describe(name) ?? throw new OperationNotFoundException(name.ToString());
    }

    /// <summary>Cancels operations, and returns how many of them were not done.</summary>
    /// <exception cref="OperationNotFoundException">There is none of one of the names; then none is cancelled.</exception>
    internal int Cancel(IReadOnlyCollection<OperationName> names)
    {
        lock (gate)
        {
            foreach (OperationName name in names)
                FindFeed(name);
        }

        return CancelUnfinished(names);
    }

    /// <summary>Cancels what a build has that is not done, returns how many operations that were, and refuses what it starts later.</summary>
    internal int CancelInvocation(string invocation)
    {
        IReadOnlyList<OperationName> names;
        lock (gate)
        {
            Apply(new SchedulerEvent.BuildCancelled(invocation));
            names = scheduler.UnfinishedOf(invocation);
        }

        return CancelUnfinished(names);
    }

    /// <summary>Takes workers out of service, or back, and returns how many connected ones the name means.</summary>
    /// <exception cref="WorkerNotFoundException">It means nobody, nor is anybody drained by this name.</exception>
    /// <exception cref="OperatorRequestException">Workers are to be taken back that were not drained by this name.</exception>
    internal int DrainWorkers(string name, bool undo, TimeSpan? grace)
    {
        lock (gate)
        {
            bool isDrained = scheduler.Drained.Contains(name);
            if (undo && !isDrained)
                throw new OperatorRequestException($"nothing is drained by the name '{name}'; what is: {(scheduler.Drained.Count == 0 ? "nothing" : string.Join(", ", scheduler.Drained))}");
            if (!isDrained && scheduler.CountWorkers(name) == 0)
                throw new WorkerNotFoundException(name);
            Apply(new SchedulerEvent.WorkersDrained(name, undo, grace));
            return scheduler.CountWorkers(name);
        }
    }

    private int CancelUnfinished(IEnumerable<OperationName> names)
    {
        int cancelled = 0;
        foreach (OperationName[] some in names.Chunk(CancelledAtATime))
        {
            lock (gate)
            {
                foreach (OperationName name in some.Where(name => scheduler.IsUnderWay(name)))
                {
                    Apply(new SchedulerEvent.OperationCancelled(name));
                    cancelled++;
                }
            }
        }

        return cancelled;
    }
}
