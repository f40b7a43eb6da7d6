using System.Runtime.InteropServices;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Scheduling;

// What operators see. Nothing here changes anything, and nothing takes longer the more actions wait: it depends on the number of queues, builds, workers, and of what is asked for.
internal sealed partial class Scheduler
{
    /// <summary>The names, or beginnings of names, of workers that are kept out of service.</summary>
    public IReadOnlyCollection<string> Drained => drains.Keys;

    /// <summary>What waits for each platform, and who could run it.</summary>
    /// <param name="filter">Which platforms.</param>
    /// <param name="mostBuilds">Of how many builds of each queue is told.</param>
    /// <param name="time">Now.</param>
    public ListQueuesResponse ListQueues(PlatformFilter filter, int mostBuilds, DateTimeOffset time)
    {
        var response = new ListQueuesResponse();
        var pools = new Dictionary<WorkerGroup, PoolInfo>();
        foreach (WorkerGroup group in matching.Groups.Where(group => group.IsConnected))
        {
            pools.Add(group, PoolViews.Of(group));
            if (filter.Selects(group.Platform))
                response.Pools.Add(pools[group]);
        }

        Dictionary<(PlatformQueue, FairShare), int>? running = mostBuilds > 0 ? CountRunning() : null;
        foreach (PlatformQueue queue in matching.Queues.Where(queue => filter.Selects(queue.Platform)))
        {
            QueueInfo view = QueueViews.Of(queue, pools, time);
            if (running is not null)
                QueueViews.AddBuilds(view, queue, running, mostBuilds);
            response.Queues.Add(view);
        }

        return response;
    }

    /// <summary>The workers that a name means, for <see cref="Describe(WorkerNode)"/>.</summary>
    public IReadOnlyList<WorkerNode> FindWorkers(string name) => [.. WorkersOf(name)];

    /// <summary>One worker; null if it has left meanwhile.</summary>
    public WorkerInfo? Describe(WorkerNode worker) => worker.IsConnected
        ? PoolViews.Of(worker, worker.IsQuarantined && healths.TryGet(worker.Name, out WorkerHealth? health) ? health.QuarantinedUntil : null)
        : null;

    /// <summary>How many connected workers a name means.</summary>
    public int CountWorkers(string name) => WorkersOf(name).Count();

    /// <summary>Operations: those that run first or, of those that are done, the newest.</summary>
    /// <param name="invocation">Of which build; empty for all.</param>
    /// <param name="worker">On which workers; empty for all.</param>
    /// <param name="done">Whether those are meant that are done, or those that are not.</param>
    /// <param name="limit">How many.</param>
    public ListOperationsResponse ListOperations(string invocation, string worker, bool done, int limit)
    {
        IEnumerable<Operation> found = done ? Done(invocation, worker) : UnderWay(invocation, worker);
        var response = new ListOperationsResponse();
        foreach (Operation operation in found)
        {
            if (response.Operations.Count == limit)
            {
                response.More = true;
                break;
            }

            response.Operations.Add(OperationViews.Of(operation));
        }

        return response;
    }

    /// <summary>One operation; null if there is none of that name.</summary>
    public OperationInfo? Describe(OperationName name) => operations.Find(name) is { } operation ? OperationViews.Of(operation) : null;

    /// <summary>Whether there is an operation of that name that is not done.</summary>
    public bool IsUnderWay(OperationName name) => operations.Find(name) is { Outcome: null };

    /// <summary>What a build has that is not done.</summary>
    public IReadOnlyList<OperationName> UnfinishedOf(string invocation) =>
        [.. operations.OfInvocation(invocation).Where(operation => operation.Outcome is null).Select(operation => operation.Name)];

    private IEnumerable<Operation> UnderWay(string invocation, string worker)
    {
        if (worker.Length > 0)
            return Running(worker).Where(operation => invocation.Length == 0 || OperationTable.InvocationOf(operation) == invocation);
        if (invocation.Length == 0)
            return Running("*").Concat(operations.Unfinished.Where(operation => !IsRunning(operation)));
        IEnumerable<Operation> all = operations.OfInvocation(invocation).Where(operation => operation.Outcome is null);
        return all.Where(IsRunning).Concat(all.Where(operation => !IsRunning(operation)));
    }

    private IEnumerable<Operation> Done(string invocation, string worker) => operations.Done
        .Where(operation => invocation.Length == 0 || OperationTable.InvocationOf(operation) == invocation)
        .Where(operation => worker.Length == 0 || WorkerDrain.IsMeant(worker, OperationViews.LastWorkerOf(operation)));

    private static bool IsRunning(Operation operation) => operation.Execution is { Runs.Count: > 0 };

    private IEnumerable<Run> Runs(string worker) => WorkersOf(worker).SelectMany(node => node.Slots).Select(slot => slot.Run).OfType<Run>();

    // One that is hedged runs twice, and is told of once.
    private IEnumerable<Operation> Running(string worker) => Runs(worker).Select(run => run.Execution).Distinct().SelectMany(execution => execution.Operations);

    // There may be very many: no enumerators of enumerators.
    private Dictionary<(PlatformQueue, FairShare), int> CountRunning()
    {
        var counts = new Dictionary<(PlatformQueue, FairShare), int>();
        foreach (WorkerGroup group in matching.Groups)
        {
            foreach (WorkerNode worker in group.Workers.Values)
            {
                foreach (Slot slot in worker.Slots)
                {
                    if (slot.Run is { Turn: { } build, Execution.Queue: { } queue })
                        CollectionsMarshal.GetValueRefOrAddDefault(counts, (queue, build), out _)++;
                }
            }
        }

        return counts;
    }
}
