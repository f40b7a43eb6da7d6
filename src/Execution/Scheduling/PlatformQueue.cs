namespace RemoteExec.Execution.Scheduling;

/// <summary>The executions that wait for one platform, in the order of those who have asked for them, and the groups whose workers may run them.</summary>
internal sealed class PlatformQueue
{
    private Execution? last;

    /// <summary>An empty queue.</summary>
    public PlatformQueue(PlatformKey platform, FairTree tree)
    {
        Platform = platform;
        Root = new FairPlace(this, tree.Root, above: null);
    }

    /// <summary>What they ask of their worker.</summary>
    public PlatformKey Platform { get; }

    /// <summary>The tenants of which something waits, and below them all else.</summary>
    public FairPlace Root { get; }

    /// <summary>The one that has waited longest; null if none waits.</summary>
    public Execution? Oldest { get; private set; }

    /// <summary>How many wait.</summary>
    public int Waiting { get; private set; }

    /// <summary>How many of them ask for cores or memory.</summary>
    public int Asking { get; private set; }

    /// <summary>How many of its executions run.</summary>
    public int Running { get; set; }

    /// <summary>The groups that satisfy the platform, those included whose last slot left only lately; the one that offers least first.</summary>
    public SortedSet<WorkerGroup> Groups { get; } = new(Comparer<WorkerGroup>.Create(WorkerGroup.CompareAbilities));

    /// <summary>Since when no slot that could run them has been connected; null if one is.</summary>
    public DateTimeOffset? UnservedSince { get; set; }

    /// <summary>The execution that was passed over so often that a worker is kept free for it; null if there is none.</summary>
    public Execution? Reserving { get; set; }

    /// <summary>True if nothing of it waits or runs.</summary>
    public bool IsEmpty => Waiting == 0 && Running == 0;

    /// <summary>All that wait, as they came.</summary>
    public IEnumerable<Execution> All()
    {
        for (Execution? execution = Oldest; execution is not null; execution = execution.Next)
            yield return execution;
    }

    /// <summary>Takes an execution in; it stands in no line yet.</summary>
    public void Add(Execution execution)
    {
        execution.Previous = last;
        execution.Next = null;
        if (last is null)
            Oldest = execution;
        else
            last.Next = execution;
        last = execution;
        Waiting++;
        Asking += execution.Action.Wish.Asked == default ? 0 : 1;
    }

    /// <summary>Puts an execution into the line of a build.</summary>
    public void Line(Execution execution, FairShare build)
    {
        build.AddWaiting(1);
        PlaceOf(build).Add(execution);
        execution.Lines.Add(build);
    }

    /// <summary>Takes an execution out of all lines.</summary>
    public void Unline(Execution execution)
    {
        foreach (FairShare build in execution.Lines.TakeAll())
        {
            FairPlace place = PlaceOf(build);
            place.Remove(execution);
            for (FairPlace? empty = place; empty is { IsEmpty: true, Above: not null }; empty = empty.Above)
            {
                empty.Leave();
                empty.Share.Places.Remove(empty);
            }

            build.AddWaiting(-1);
        }
    }

    /// <summary>Lets an execution go, out of all lines.</summary>
    public void Remove(Execution execution)
    {
        Unline(execution);
        if (Reserving == execution)
            Reserving = null;
        if (execution.Previous is { } previous)
            previous.Next = execution.Next;
        else
            Oldest = execution.Next;
        if (execution.Next is { } next)
            next.Previous = execution.Previous;
        else
            last = execution.Previous;
        execution.Previous = execution.Next = null;
        Waiting--;
        Asking -= execution.Action.Wish.Asked == default ? 0 : 1;
    }

    private FairPlace PlaceOf(FairShare share)
    {
        if (share.Parent is null)
            return Root;
        foreach (FairPlace known in share.Places)
        {
            if (known.Queue == this)
                return known;
        }

        var place = new FairPlace(this, share, PlaceOf(share.Parent));
        share.Places.Add(place);
        place.Enter();
        return place;
    }
}
