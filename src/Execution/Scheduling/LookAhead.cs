namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// One look at what is next in the queues that a worker serves: in each place the first one of everybody who shares it, then the second ones, and so on, as if each start cost the same. What
/// has failed somewhere is left out, as it is not for every worker.
/// </summary>
/// <param name="worker">The worker.</param>
/// <param name="isFor">Whether an execution is meant for it.</param>
internal sealed class LookAhead(WorkerNode worker, Func<Execution, WorkerNode, bool> isFor)
{
    /// <summary>How many executions are looked at.</summary>
    public const int MostLooked = 64;

    private int left = MostLooked;

    /// <summary>The first so many, or less.</summary>
    public IReadOnlyList<Execution> Find(int count)
    {
        List<FairPlace>? roots = null;
        foreach (PlatformQueue queue in worker.Group.Queues)
        {
            if (queue.Waiting > 0 && (roots ??= []).Count < MostLooked)
                roots.Add(queue.Root);
        }

        return roots is null || count <= 0 ? [] : Merge(roots, roots.Count, count);
    }

    private List<Execution> Find(FairPlace place, int count)
    {
        if (place.Below.Count > 0)
            return Merge(place.Below, place.Below.Count, count);
        var found = new List<Execution>();
        foreach (Execution execution in place.Waiting)
        {
            if (found.Count == count || --left < 0)
                break;
            if (isFor(execution, worker))
                found.Add(execution);
        }

        return found;
    }

    private List<Execution> Merge(IEnumerable<FairPlace> places, int number, int count)
    {
        if (number == 1)
            return Find(places.First(), count);
        int each = (count + number - 1) / number;
        var lists = new List<List<Execution>>();
        foreach (FairPlace place in places.Take(MostLooked))
        {
            if (lists.Count == count || left <= 0)
                break;
            if (Find(place, each) is { Count: > 0 } some)
                lists.Add(some);
        }

        var merged = new List<Execution>();
        for (int turn = 0; turn < each; turn++)
            merged.AddRange(lists.Where(list => turn < list.Count).Select(list => list[turn]));
        return merged.Count <= count ? merged : merged[..count];
    }
}
