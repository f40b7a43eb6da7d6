namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// Which execution a worker gets, and which worker an execution: the turn decides first, then what fits, then who has most of the input tree. An execution that does not fit anywhere
/// and sees others go before it gets a worker that is kept free for it, so that big ones do not starve.
/// </summary>
internal sealed class Placement(Locality locality)
{
    // How far is looked in one place. More would find better matches, at a cost that grows with the queue.
    private const int MostExecutions = 8;
    private const int MostRetried = 64;
    private const int MostPlaces = 64;
    private const int MostWorkers = 32;
    private const int Patience = 16;

    /// <summary>What is set aside for an execution on a worker that tells what it has.</summary>
    public static Resources DemandOf(Execution execution, Resources capacity)
    {
        Resources asked = execution.Action.Wish.Asked;
        long cpu = asked.CpuMillis > 0 ? asked.CpuMillis : Math.Min(execution.Expected.CpuMillis ?? Resources.Core, capacity.CpuMillis);
        long memory = asked.MemoryBytes;
        if (memory == 0)
        {
            // Of what is not known, as much as its cores are of all cores.
            long share = capacity.CpuMillis > 0 ? (long)((double)capacity.MemoryBytes * cpu / capacity.CpuMillis) : 0;
            memory = Math.Min(execution.Expected.MemoryBytes ?? share, capacity.MemoryBytes);
        }

        return new Resources(cpu, Math.Max(memory, Math.Min(execution.MemoryFloor, capacity.MemoryBytes)));
    }

    /// <summary>The execution whose turn it is on a worker with an idle slot, and on whose turn; null if none that waits may run there now.</summary>
    public (Execution Execution, FairShare Turn)? FindExecution(WorkerNode worker)
    {
        if (worker.ReservedFor is { } reserved)
            return Fits(reserved, worker) ? (reserved, reserved.Lines[0]) : null;
        (Execution Execution, FairPlace Place)? best = null;
        foreach (PlatformQueue queue in worker.Group.Queues)
        {
            if (queue.Waiting == 0)
                continue;
            int places = MostPlaces;
            if (FirstIn(queue.Root, worker, ref places) is { } first && (best is not { } other || GoesBefore(first, other)))
                best = first;
        }

        if (best is not { } chosen)
            return null;
        if (Head(chosen.Place.Queue.Root) is { } head && head != chosen.Execution && Reserve(head, worker))
            return null;
        return (chosen.Execution, chosen.Place.Share);
    }

    /// <summary>The worker that an execution would be best off with now; null if none can take it.</summary>
    /// <param name="execution">What is to be run.</param>
    /// <param name="queue">Its queue.</param>
    /// <param name="notOn">Names of workers that are out of the question.</param>
    public WorkerNode? FindWorker(Execution execution, PlatformQueue queue, IReadOnlyCollection<string>? notOn = null)
    {
        WorkerNode? best = null;
        int bestScore = 0;
        ulong[] tree = execution.Action.Locality;
        if (tree.Length > 0)
        {
            foreach (WorkerNode worker in locality.WorkersWith(tree))
            {
                if (worker.AvailableNode is null || !queue.Groups.Contains(worker.Group) || !MayTake(execution, queue, worker, notOn))
                    continue;
                int score = locality.ScoreOf(tree, worker);
                if (score > bestScore)
                    (best, bestScore) = (worker, score);
            }
        }

        if (best is not null)
            return best;
        foreach (WorkerGroup group in queue.Groups)
        {
            int left = MostWorkers;
            for (LinkedListNode<WorkerNode>? node = group.Available.First; node is not null && left > 0; node = node.Next, left--)
            {
                if (MayTake(execution, queue, node.Value, notOn))
                    return node.Value;
            }
        }

        return null;
    }

    private static bool MayTake(Execution execution, PlatformQueue queue, WorkerNode worker, IReadOnlyCollection<string>? notOn) =>
        (worker.ReservedFor is null || worker.ReservedFor == execution) && Fits(execution, worker) && !ShouldAvoid(execution, queue, worker)
        && notOn?.Contains(worker.Name) != true;

    private static bool Fits(Execution execution, WorkerNode worker) =>
        worker.Capacity is not { } capacity || worker.HasRoomFor(DemandOf(execution, capacity));

    // Who failed at an action gets it again only if there is nobody else.
    private static bool ShouldAvoid(Execution execution, PlatformQueue queue, WorkerNode worker)
    {
        if (execution.FailedOn is not { } failedOn || !failedOn.Contains(worker.Name))
            return false;
        foreach (WorkerGroup group in queue.Groups)
        {
            if (group.HasUsableOutside(failedOn))
                return true;
        }

        return false;
    }

    private (Execution, FairPlace)? FirstIn(FairPlace place, WorkerNode worker, ref int places)
    {
        if (place.Below.Min is not { } first)
            return FirstOf(place, worker) is { } execution ? (execution, place) : null;
        if (FirstIn(first, worker, ref places) is { } found)
            return found;
        if (place.Below.Count == 1)
            return null;
        foreach (FairPlace below in place.Below.Skip(1))
        {
            if (--places < 0)
                return null;
            if (FirstIn(below, worker, ref places) is { } other)
                return other;
        }

        return null;
    }

    private Execution? FirstOf(FairPlace place, WorkerNode worker)
    {
        Execution? best = FirstWaiting(place.Waiting, worker);
        int left = MostRetried;
        foreach (Execution retried in place.Retrying)
        {
            if (left-- == 0 || (best is not null && best.CompareTo(retried) < 0))
                break;
            if (Fits(retried, worker) && !ShouldAvoid(retried, place.Queue, worker))
                return retried;
        }

        return best;
    }

    private Execution? FirstWaiting(SortedSet<Execution> waiting, WorkerNode worker)
    {
        if (waiting.Min is not { } head)
            return null;
        bool headFits = Fits(head, worker);
        if (waiting.Count == 1 || (headFits && (head.PassedOver >= Patience || head.Action.Locality.Length == 0)))
            return headFits ? head : null;

        Execution? best = headFits ? head : null;
        int bestScore = headFits ? locality.ScoreOf(head.Action.Locality, worker) : -1;
        int left = MostExecutions;
        foreach (Execution execution in waiting)
        {
            // What is less urgent may not go before the head only because it is better placed.
            if (left-- == 0 || (headFits && execution.Priority != head.Priority))
                break;
            if (execution == head || !Fits(execution, worker))
                continue;
            int score = locality.ScoreOf(execution.Action.Locality, worker);
            if (score > bestScore)
                (best, bestScore) = (execution, score);
        }

        return best;
    }

    private static Execution? Head(FairPlace place)
    {
        while (place.Below.Min is { } below)
            place = below;
        return place.Waiting.Min;
    }

    // True if the worker is now kept for the one whose turn it was.
    private static bool Reserve(Execution head, WorkerNode worker)
    {
        if (++head.PassedOver < Patience || Fits(head, worker))
            return false;
        PlatformQueue queue = head.Queue!;
        if (queue.Reserving is not null || worker.ReservedFor is not null || !worker.Capacity!.Value.Covers(DemandOf(head, worker.Capacity.Value)))
            return false;
        queue.Reserving = head;
        head.ReservedOn = worker;
        worker.ReservedFor = head;
        return true;
    }

    private static bool GoesBefore((Execution Execution, FairPlace Place) one, (Execution Execution, FairPlace Place) other)
    {
        (FairShare first, FairShare second) = (one.Place.Share, other.Place.Share);
        if (first == second)
            return one.Execution.CompareTo(other.Execution) < 0;
        while (first.Parent != second.Parent)
            (first, second) = (first.Parent!, second.Parent!);
        return FairShare.Compare(first, second) < 0;
    }
}
