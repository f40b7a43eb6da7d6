using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// What workers were told that they may be given next. A hint, that nothing depends on: what is announced to one worker may be given to any. Each execution is announced to one
/// worker at a time, so that not all of them fetch the same inputs; that one counts as having the inputs (<see cref="Locality"/>).
/// </summary>
internal sealed class Announcements(Locality locality)
{
    private const int MostForWorker = 8; // as far as placement looks for what a worker has the inputs of
    private const int MostWorkers = 32;
    private readonly Dictionary<Execution, WorkerNode> told = [];

    /// <summary>True if an execution waits, and not behind so many that it is too early to announce it.</summary>
    public static bool IsInSight(Execution execution) => execution.Phase == ExecutionPhase.Queued && execution.Queue!.Waiting <= LookAhead.MostLooked;

    /// <summary>True if a worker can be told. Not where there are so many of a kind that hardly any would be given what it was told.</summary>
    public static bool CanHear(WorkerNode worker) =>
        worker.ProtocolMinor >= WorkerProtocol.MinorWithUpcoming && worker.IsUsable && worker.IsConnected && worker.Group.Workers.Count <= MostWorkers;

    /// <summary>
    /// What there is to tell a worker: what it was told and still waits, and what it would probably be given next beside that, in the order of turns; at most as many as it has slots.
    /// Looks at a bounded number of executions, and changes nothing.
    /// </summary>
    public (IReadOnlyList<Execution> Known, IReadOnlyList<Execution> News) Look(WorkerNode worker)
    {
        if (!CanHear(worker))
            return ([], []);
        List<Execution> known = StillToldTo(worker);
        return (known, new LookAhead(worker, MayAnnounce).Find(LimitOf(worker) - known.Count));
    }

    /// <summary>Tells a worker what there is to tell: this is to be sent.</summary>
    public IReadOnlyList<Execution> Renew(WorkerNode worker)
    {
        (IReadOnlyList<Execution> known, IReadOnlyList<Execution> news) = Look(worker);
        foreach (Execution execution in news)
        {
            told[execution] = worker;
            locality.Note(execution.Action.Locality, worker);
        }

        return worker.Announced = [.. known, .. news];
    }

    /// <summary>A worker that could be told of an execution: one that has some of its inputs, or any; null if it was announced, or nobody can be told.</summary>
    public WorkerNode? FindListener(Execution execution)
    {
        if (told.TryGetValue(execution, out WorkerNode? known) && CanHear(known))
            return null;
        PlatformQueue queue = execution.Queue!;
        foreach (WorkerNode worker in locality.WorkersWith(execution.Action.Locality))
        {
            if (queue.Groups.Contains(worker.Group) && HasRoom(worker))
                return worker;
        }

        foreach (WorkerGroup group in queue.Groups)
        {
            if (group.Workers.Count <= MostWorkers && group.Workers.Values.FirstOrDefault(HasRoom) is { } worker)
                return worker;
        }

        return null;
    }

    /// <summary>An execution waits no more.</summary>
    public void Forget(Execution execution) => told.Remove(execution);

    private List<Execution> StillToldTo(WorkerNode worker)
    {
        var still = new List<Execution>(worker.Announced.Count);
        foreach (Execution execution in worker.Announced)
        {
            if (told.GetValueOrDefault(execution) == worker)
                still.Add(execution);
        }

        return still;
    }

    private bool HasRoom(WorkerNode worker) => CanHear(worker) && StillToldTo(worker).Count < LimitOf(worker);

    private static int LimitOf(WorkerNode worker) => Math.Min(worker.Slots.Count, MostForWorker);

    private bool MayAnnounce(Execution execution, WorkerNode worker) =>
        (execution.ReservedOn is null || execution.ReservedOn == worker)
        && (worker.Capacity is not { } capacity || capacity.Covers(Placement.DemandOf(execution, capacity)))
        && (!told.TryGetValue(execution, out WorkerNode? known) || !CanHear(known));
}
