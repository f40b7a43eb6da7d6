namespace RemoteExec.Execution.Scheduling;

/// <summary>One slot of one worker: runs one action at a time.</summary>
internal sealed class Slot(string id, WorkerNode worker, Reapi.Platform? platform)
{
    /// <summary>Its id.</summary>
    public string Id { get; } = id;

    /// <summary>The worker it belongs to.</summary>
    public WorkerNode Worker { get; } = worker;

    /// <summary>The platform as it was posted.</summary>
    public Reapi.Platform? Platform { get; } = platform;

    /// <summary>The post that is held; null if none is.</summary>
    public long? Poll { get; set; }

    /// <summary>When the held post is answered at the latest.</summary>
    public DateTimeOffset PollEnds { get; set; }

    /// <summary>When the slot is forgotten if it does not post again.</summary>
    public DateTimeOffset Expires { get; set; }

    /// <summary>When the next look at this slot is due; null if none is planned.</summary>
    public DateTimeOffset? NextAlarm { get; set; }

    /// <summary>What it should be executing; null for nothing.</summary>
    public Run? Run { get; set; }

    /// <summary>Its place among the worker's idle slots; null if it is not idle.</summary>
    public LinkedListNode<Slot>? IdleNode { get; set; }
}
