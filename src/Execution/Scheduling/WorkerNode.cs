namespace RemoteExec.Execution.Scheduling;

/// <summary>A worker process: its slots share what it has.</summary>
internal sealed class WorkerNode(string id, string name, WorkerGroup group, Resources? capacity, uint protocolMinor)
{
    /// <summary>What it is known by.</summary>
    public string Id { get; } = id;

    /// <summary>Its name, as people know it.</summary>
    public string Name { get; } = name;

    /// <summary>Those that offer the same platform.</summary>
    public WorkerGroup Group { get; } = group;

    /// <summary>What it has; null if it does not say, and only its slots count.</summary>
    public Resources? Capacity { get; } = capacity;

    /// <summary>The minor version of the protocol that it speaks.</summary>
    public uint ProtocolMinor { get; } = protocolMinor;

    /// <summary>Its slots.</summary>
    public HashSet<Slot> Slots { get; } = [];

    /// <summary>The slots that wait for an action, the one that has waited longest first.</summary>
    public LinkedList<Slot> Idle { get; } = [];

    /// <summary>What is set aside for what runs.</summary>
    public Resources Used { get; set; }

    /// <summary>True while an operator keeps it out of service.</summary>
    public bool IsDraining { get; set; }

    /// <summary>True while it gets nothing because attempts failed on it.</summary>
    public bool IsQuarantined { get; set; }

    /// <summary>The execution that it is kept free for; null if there is none.</summary>
    public Execution? ReservedFor { get; set; }

    /// <summary>What it was told last that it may be given next; some of it may not wait any more.</summary>
    public IReadOnlyList<Execution> Announced { get; set; } = [];

    /// <summary>When a held post was last answered only to tell it so.</summary>
    public DateTimeOffset AnnouncedAt { get; set; }

    /// <summary>True while a look is planned at whether it has to be told something.</summary>
    public bool IsToHear { get; set; }

    /// <summary>When it posted last.</summary>
    public DateTimeOffset LastSeen { get; set; }

    /// <summary>Its place among the group's workers with idle slots; null if it has none.</summary>
    public LinkedListNode<WorkerNode>? AvailableNode { get; set; }

    /// <summary>True while it is about to be looked at for what it could run.</summary>
    public bool IsToServe { get; set; }

    /// <summary>True if it may be given something new.</summary>
    public bool IsUsable => !IsDraining && !IsQuarantined;

    /// <summary>True if one of its slots is connected.</summary>
    public bool IsConnected => Slots.Count > 0;

    /// <summary>True if so much is free.</summary>
    public bool HasRoomFor(Resources demand) => Capacity is not { } all || (all - Used).Covers(demand);
}
