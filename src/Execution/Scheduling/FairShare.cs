namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// Somebody who shares the workers with others: a tenant, a class of its builds, a build. Start-time fair queuing (Goyal, Vin and Cheng 1996): each share has a virtual
/// time at which it may start next, the one with the smallest goes first, and what it starts moves it on by cost / weight. So of two shares that both have something waiting,
/// neither gets ahead of the other by more than what one action of each costs, whatever else happens; one that was away neither gains nor loses by it.
/// </summary>
/// <param name="parent">With whose children it competes; null for the root.</param>
/// <param name="name">What it is called among them.</param>
/// <param name="weight">How much it gets of what they get together.</param>
/// <param name="number">Decides between those that are equal.</param>
internal sealed class FairShare(FairShare? parent, string name, double weight, long number)
{
    private readonly Dictionary<string, FairShare> children = new(StringComparer.Ordinal);
    private readonly PriorityQueue<FairShare, double> resting = new(); // children without work, by the time from which on they need not be remembered
    private double clock; // the virtual time at which the child started that started last
    private double latest; // the greatest virtual time of a child
    private bool isResting; // it is among its parent's

    /// <summary>With whose children it competes; null for the root.</summary>
    public FairShare? Parent { get; } = parent;

    /// <summary>What it is called.</summary>
    public string Name { get; } = name;

    /// <summary>The virtual time at which it may start next.</summary>
    public double Next { get; private set; }

    /// <summary>How many actions wait for its turn, in all queues.</summary>
    public int Waiting { get; private set; }

    /// <summary>How many runs were started on its turn and are not over.</summary>
    public int Running { get; private set; }

    /// <summary>Its places in the queues in which something of it waits.</summary>
    public List<FairPlace> Places { get; } = [];

    /// <summary>Those who share what it gets.</summary>
    public IReadOnlyCollection<FairShare> Children => children.Values;

    private bool IsOfNoUse => Waiting == 0 && Running == 0 && children.Count == 0;

    /// <summary>The child of that name, made if need be.</summary>
    public FairShare Child(string childName, Func<double> weightOfNew, ref long lastNumber)
    {
        if (children.TryGetValue(childName, out FairShare? child))
            return child;
        child = new FairShare(this, childName, weightOfNew(), ++lastNumber);
        children.Add(childName, child);
        return child;
    }

    /// <summary>Counts an action in or out that waits for the turn of this share, and so for that of those above.</summary>
    public void AddWaiting(int change)
    {
        for (FairShare? share = this; share is not null; share = share.Parent)
        {
            if (share.Waiting == 0 && share.Parent is { } above)
                share.MoveTo(Math.Max(share.Next, above.clock));
            share.Waiting += change;
            share.LetRest();
        }
    }

    /// <summary>Counts a run of this share in or out.</summary>
    public void AddRunning(int change)
    {
        for (FairShare? share = this; share is not null; share = share.Parent)
        {
            share.Running += change;
            share.LetRest();
        }
    }

    /// <summary>Pays for a start: for this share and those above.</summary>
    public void Charge(double cost)
    {
        for (FairShare share = this; share.Parent is { } above; share = above)
        {
            double start = Math.Max(share.Next, above.clock);
            above.clock = start;
            share.MoveTo(start + (cost / share.Weight));
            above.latest = Math.Max(above.latest, share.Next);
            above.Forget();
        }
    }

    /// <summary>Who of two children of one parent goes first.</summary>
    public static int Compare(FairShare one, FairShare other)
    {
        int order = one.Next.CompareTo(other.Next);
        if (order == 0)
            order = other.Weight.CompareTo(one.Weight);
        return order != 0 ? order : one.Number.CompareTo(other.Number);
    }

    private double Weight { get; } = weight;

    private long Number { get; } = number;

    // Its places are sorted by this time: they are taken out meanwhile.
    private void MoveTo(double next)
    {
        if (next == Next)
            return;
        foreach (FairPlace place in Places)
            place.Leave();
        Next = next;
        foreach (FairPlace place in Places)
            place.Enter();
    }

    private void LetRest()
    {
        if (Waiting == 0)
            clock = Math.Max(clock, latest); // nobody waits: whoever comes next starts level with all others
        Forget();
        if (IsOfNoUse && !isResting && Parent is { } above)
        {
            isResting = true;
            above.resting.Enqueue(this, Next);
        }
    }

    // A share that comes anew starts at its parent's clock; one whose time is no later may as well be forgotten.
    private void Forget()
    {
        while (resting.TryPeek(out FairShare? child, out double time) && (time <= clock || !child.IsOfNoUse))
        {
            resting.Dequeue();
            child.isResting = false;
            if (!child.IsOfNoUse)
                continue;
            if (child.Next <= clock)
                children.Remove(child.Name);
            else
                child.LetRest();
        }
    }
}
