using Google.Protobuf.WellKnownTypes;
using RemoteExec.Protocol.Workers;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker;

/// <summary>One attempt at an action on its way from lease to outcome: gathers what is to be told of it, and reports its phases as they begin. Not thread-safe, but for <see cref="Report"/>.</summary>
internal sealed class ActionRun
{
    private readonly TimeProvider time;
    private SandboxOutcome? measured;

    /// <summary>Begins the attempt.</summary>
    /// <param name="lease">What is to be run.</param>
    /// <param name="worker">The worker's name.</param>
    /// <param name="report">Told what is known so far whenever a phase begins.</param>
    /// <param name="time">For the timestamps.</param>
    public ActionRun(ActionLease lease, string worker, Action<ActionProgress> report, TimeProvider time)
    {
        this.time = time;
        Lease = lease;
        Report = new ProgressReport(report);
        Metadata = new Reapi.ExecutedActionMetadata { Worker = worker, QueuedTimestamp = lease.Queued, WorkerStartTimestamp = Now() };
    }

    /// <summary>What is run.</summary>
    public ActionLease Lease { get; }

    /// <summary>Who runs its command; null for the worker's own user.</summary>
    public ActionUser? User { get; set; }

    /// <summary>What the client is answered.</summary>
    public Reapi.ExecuteResponse Response { get; } = new();

    /// <summary>What will stand beside its result.</summary>
    public Reapi.ExecutedActionMetadata Metadata { get; }

    /// <summary>Who is told how far it is.</summary>
    public ProgressReport Report { get; }

    /// <summary>How its command has ended; null if it has not.</summary>
    public SandboxOutcome? Outcome { get; private set; }

    /// <summary>What its command used; null if that is not known.</summary>
    public ProcessUsage? Measured => measured?.Usage;

    /// <summary>True once all is known that there is to tell.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>True if the result is to be kept out of the cache.</summary>
    public bool DoNotStore { get; set; }

    /// <summary>True if another worker may succeed where this one failed.</summary>
    public bool IsRetryable { get; set; }

    /// <summary>Its inputs are looked for from now on.</summary>
    public void BeginInputs()
    {
        Metadata.InputFetchStartTimestamp = Now();
        Report.Tell(Metadata);
    }

    /// <summary>Its inputs are in place; its command runs from now on.</summary>
    public void BeginCommand()
    {
        Metadata.InputFetchCompletedTimestamp = Metadata.ExecutionStartTimestamp = Now();
        Report.Tell(Metadata);
    }

    /// <summary>Its command has ended; its outputs are taken in from now on.</summary>
    public void BeginOutputs(SandboxOutcome outcome)
    {
        Outcome = outcome;
        Metadata.ExecutionCompletedTimestamp = Metadata.OutputUploadStartTimestamp = Now();
        Metadata.VirtualExecutionDuration = Duration.FromTimeSpan(outcome.Duration);
        Report.Tell(Metadata);
    }

    /// <summary>All that its result refers to is in the CAS.</summary>
    public void EndOutputs(Reapi.ActionResult result)
    {
        Metadata.OutputUploadCompletedTimestamp = Now();
        Response.Result = result;
    }

    /// <summary>Has the usage of its command told, which is known where no other action ran in the same processes, unless the command was stopped for what it took of the disk.</summary>
    public void Measure(SandboxOutcome outcome) => measured = outcome.TooMuchDisk is null ? outcome : null;

    /// <summary>Ends the attempt, well or not.</summary>
    /// <param name="tier">The sandbox that its command ran in.</param>
    public ExecutionOutcome End(string tier)
    {
        IsEnded = true;
        Metadata.WorkerCompletedTimestamp = Now();
        Usage? usage = measured is null ? null : ToProto(measured, tier);
        if (Response.Result is { } result)
            result.ExecutionMetadata = Metadata;
        if (usage is not null || Response.Result is not null)
            Metadata.AuxiliaryMetadata.Add(Any.Pack(usage ?? Place(tier)));
        return new ExecutionOutcome(Response, IsRetryable)
        {
            Usage = measured is { TimedOut: false } ? usage : null,
            OutOfMemory = measured?.OutOfMemory ?? false,
            DoNotStore = DoNotStore,
        };
    }

    private static Usage ToProto(SandboxOutcome outcome, string tier) => new()
    {
        CpuTime = Duration.FromTimeSpan(outcome.Usage.CpuTime),
        WallTime = Duration.FromTimeSpan(outcome.Duration),
        PeakMemoryBytes = outcome.Usage.PeakMemoryBytes,
        BytesRead = outcome.Usage.BytesRead,
        BytesWritten = outcome.Usage.BytesWritten,
        Sandbox = tier,
        Host = Environment.MachineName,
    };

    private static Usage Place(string tier) => new() { Sandbox = tier, Host = Environment.MachineName };

    private Timestamp Now() => Timestamp.FromDateTimeOffset(time.GetUtcNow());
}
