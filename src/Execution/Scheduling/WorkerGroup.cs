using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>All slots that offer the same platform. It outlives its last slot for a while, because workers come back.</summary>
internal sealed class WorkerGroup
{
    private const string Wildcard = "*";
    private readonly Dictionary<string, HashSet<string>> offers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> slotsByWorker = new(StringComparer.Ordinal);

    /// <summary>A group without slots.</summary>
    public WorkerGroup(PlatformKey platform)
    {
        Platform = platform;
        foreach ((string name, string value) in platform.Properties)
        {
            if (!offers.TryGetValue(name, out HashSet<string>? values))
                offers.Add(name, values = new HashSet<string>(StringComparer.Ordinal));
            values.Add(value);
        }
    }

    /// <summary>What each of the slots offers.</summary>
    public PlatformKey Platform { get; }

    /// <summary>The slots that wait for an action, the one that has waited longest first.</summary>
    public LinkedList<Slot> Idle { get; } = [];

    /// <summary>True if at least one slot is there.</summary>
    public bool IsConnected => slotsByWorker.Count > 0;

    /// <summary>When the last slot left; meaningful while none is there.</summary>
    public DateTimeOffset LeftAt { get; private set; }

    /// <summary>The names of the properties offered.</summary>
    public IEnumerable<string> PropertyNames => offers.Keys;

    /// <summary>The values offered of one property; none if it is not known.</summary>
    public IReadOnlyCollection<string> ValuesOf(string name) => offers.TryGetValue(name, out HashSet<string>? values) ? values : [];

    /// <summary>True if the property is offered with this value, or with any.</summary>
    public bool Offers(string name, string value) =>
        offers.TryGetValue(name, out HashSet<string>? values) && (values.Contains(value) || values.Contains(Wildcard));

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

    /// <summary>True if a worker outside the given set is there.</summary>
    public bool HasWorkerOutside(IReadOnlySet<string> workers) => slotsByWorker.Keys.Any(worker => !workers.Contains(worker));

    /// <summary>Counts a slot in; true for the worker's first.</summary>
    public bool Enter(string worker) => (slotsByWorker[worker] = slotsByWorker.GetValueOrDefault(worker) + 1) == 1;

    /// <summary>Counts a slot out; true for the worker's last.</summary>
    public bool Leave(string worker, DateTimeOffset now)
    {
        LeftAt = now;
        return --slotsByWorker[worker] == 0 && slotsByWorker.Remove(worker);
    }
}
