using Google.Protobuf.WellKnownTypes;

namespace RemoteExec.Execution.Scheduling;

/// <summary>One attempt at an execution, by the slot that has its lease.</summary>
internal sealed class Run(Execution execution, Lease lease, string workerName, DateTimeOffset startedAt)
{
    /// <summary>What is run.</summary>
    public Execution Execution { get; } = execution;

    /// <summary>The lease.</summary>
    public Lease Lease { get; } = lease;

    /// <summary>Whose slot has it.</summary>
    public string WorkerName { get; } = workerName;

    /// <summary>When the lease was given.</summary>
    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>The slot; null while it is awaited after this scheduler has taken over.</summary>
    public Slot? Slot { get; set; }

    /// <summary>The worker on which something is set aside for it while its slot is awaited; null otherwise.</summary>
    public WorkerNode? AwaitedOn { get; set; }

    /// <summary>What is set aside for it on the worker.</summary>
    public Resources Taken { get; set; }

    /// <summary>On whose turn it was started; null if that was before this scheduler took over.</summary>
    public FairShare? Turn { get; set; }

    /// <summary>What the worker told of it; replaced, never changed.</summary>
    public RunProgress Progress { get; set; } = new(new Reapi.ExecutedActionMetadata
    {
        Worker = workerName,
        QueuedTimestamp = Timestamp.FromDateTimeOffset(execution.QueuedAt),
    });
}
