using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>All workers that offer the same platform. It outlives its last slot for a while, because workers come back.</summary>
internal sealed class WorkerGroup
{
    private const string Wildcard = "*";
    private readonly PropertyKinds kinds;
    private readonly long number;
    private readonly Dictionary<string, HashSet<string>> offers = new(StringComparer.Ordinal);

    /// <summary>A group without workers.</summary>
    /// <param name="platform">What each of them offers.</param>
    /// <param name="kinds">What properties mean.</param>
    /// <param name="number">Decides between those that offer equally much.</param>
    public WorkerGroup(PlatformKey platform, PropertyKinds kinds, long number)
    {
        Platform = platform;
        this.kinds = kinds;
        this.number = number;
        foreach ((string name, string value) in platform.Properties)
        {
            if (!offers.TryGetValue(name, out HashSet<string>? values))
                offers.Add(name, values = new HashSet<string>(StringComparer.Ordinal));
            values.Add(value);
        }
    }

    /// <summary>What each of the workers offers.</summary>
    public PlatformKey Platform { get; }

    /// <summary>The workers by id.</summary>
    public Dictionary<string, WorkerNode> Workers { get; } = new(StringComparer.Ordinal);

    /// <summary>The workers that may be given something and have an idle slot, the one that has waited longest first.</summary>
    public LinkedList<WorkerNode> Available { get; } = [];

    /// <summary>The queues whose platform they satisfy.</summary>
    public HashSet<PlatformQueue> Queues { get; } = [];

    /// <summary>True if at least one slot is there.</summary>
    public bool IsConnected => Workers.Count > 0;

    /// <summary>When the last slot left; meaningful while none is there.</summary>
    public DateTimeOffset LeftAt { get; set; }

    /// <summary>The names of the properties offered.</summary>
    public IEnumerable<string> PropertyNames => offers.Keys;

    /// <summary>Who goes first: the group that offers less, so that rare abilities stay free for those who need them.</summary>
    public static int CompareAbilities(WorkerGroup one, WorkerGroup other)
    {
        int byAbilities = one.Platform.Properties.Count.CompareTo(other.Platform.Properties.Count);
        return byAbilities != 0 ? byAbilities : one.number.CompareTo(other.number);
    }

    /// <summary>The values offered of one property; none if it is not known.</summary>
    public IReadOnlyCollection<string> ValuesOf(string name) => offers.TryGetValue(name, out HashSet<string>? values) ? values : [];

    /// <summary>True if the property is offered with this value, or with any; of a number of which there has to be a minimum, with as much or more.</summary>
    public bool Offers(string name, string value) =>
        offers.TryGetValue(name, out HashSet<string>? values)
        && (values.Contains(value) || values.Contains(Wildcard) || (kinds.IsMinimum(name) && values.Any(offered => IsAsMuch(offered, value))));

    /// <summary>True if every property value asked for is offered; offering more does no harm .</summary>
    public bool Satisfies(PlatformKey wanted)
    {
        foreach ((string name, string value) in wanted.Properties)
        {
            if (!Offers(name, value))
                return false;
        }

        return true;
    }

    /// <summary>True if one of the workers has so much, when nothing runs on it, or does not say what it has.</summary>
    public bool CouldHold(Resources asked) => Workers.Values.Any(worker => worker.Capacity is not { } capacity || capacity.Covers(asked));

    /// <summary>True if a worker outside the given set may be given something.</summary>
    public bool HasUsableOutside(IReadOnlySet<string> names)
    {
        foreach (WorkerNode worker in Workers.Values)
        {
            if (worker.IsUsable && !names.Contains(worker.Name))
                return true;
        }

        return false;
    }

    private static bool IsAsMuch(string offered, string wanted) =>
        Quantity.TryParseNumber(offered, out double there) && Quantity.TryParseNumber(wanted, out double least) && there >= least;
}
