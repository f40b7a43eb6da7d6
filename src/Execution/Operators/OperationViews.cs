using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Audits;
using RemoteExec.Protocol.Operators;

namespace RemoteExec.Execution.Operators;

/// <summary>Operations as operators see them.</summary>
internal static class OperationViews
{
    /// <summary>One operation.</summary>
    public static OperationInfo Of(Operation operation)
    {
        Reapi.RequestMetadata? metadata = operation.Submission.RequestMetadata;
        var view = new OperationInfo
        {
            Name = operation.Name.ToString(),
            Action = $"{operation.ActionDigest.Hash}/{operation.ActionDigest.SizeBytes}",
            Invocation = metadata?.ToolInvocationId ?? "",
            Target = metadata?.TargetId ?? "",
            Mnemonic = metadata?.ActionMnemonic ?? "",
            Priority = operation.Submission.Priority,
            Stage = operation.ToState().Stage,
        };
        if (operation.Execution is { } execution)
            Add(view, execution);
        else if (operation.Outcome is { } outcome)
            Add(view, outcome);
        view.Audit = AuditOf(operation)?.ToArgument() ?? "";
        return view;
    }

    /// <summary>The worker that ended an operation; empty if none did.</summary>
    public static string LastWorkerOf(Operation operation) => RunOf(operation.Outcome)?.Worker ?? "";

    private static void Add(OperationInfo view, Scheduling.Execution execution)
    {
        view.Queued = Timestamp.FromDateTimeOffset(execution.QueuedAt);
        view.Attempts = execution.Attempts;
        view.Platform.AddRange(PoolViews.PropertiesOf(execution.Action.Wish.Platform));
        foreach (Run run in execution.Runs)
        {
            view.Workers.Add(run.WorkerName);
            view.Started ??= Timestamp.FromDateTimeOffset(run.StartedAt);
            view.CpuMillis += run.Taken.CpuMillis;
            view.MemoryBytes += run.Taken.MemoryBytes;
        }
    }

    private static void Add(OperationInfo view, Outcome outcome)
    {
        view.Outcome = OutcomeName.Of(outcome);
        view.Message = outcome switch
        {
            Outcome.Failed failed => failed.Message,
            Outcome.Answered { Response: { Status: { Code: not 0 } status } } => status.Message,
            Outcome.Answered { Response: { Result: { ExitCode: not 0 } result } } => $"exit code {result.ExitCode}",
            _ => "",
        };
        if (RunOf(outcome) is not { } run)
            return;
        view.Queued = run.QueuedTimestamp;
        view.Started = run.WorkerStartTimestamp;
        if (run.Worker.Length > 0)
            view.Workers.Add(run.Worker);
    }

    private static Digest? AuditOf(Operation operation)
    {
        if (operation.Outcome is not Outcome.Answered { Response.Result.ExecutionMetadata.AuxiliaryMetadata: { } told } || told.FirstOrDefault(any => any.Is(Audited.Descriptor)) is not { } audited)
            return null;
        try
        {
            return operation.ActionDigest.TryParseSibling(audited.Unpack<Audited>().Report, out Digest report, out _) ? report : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null; // a worker may write there what it likes
        }
    }

    // What is known of the run is of another one if the result came from the cache.
    private static Reapi.ExecutedActionMetadata? RunOf(Outcome? outcome) =>
        outcome is Outcome.Answered { Response: { CachedResult: false, Result.ExecutionMetadata: { } metadata } } ? metadata : null;
}
