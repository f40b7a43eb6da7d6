using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Operators;

/// <summary>How operations end, in a word: one of a few, for lists and metrics.</summary>
internal static class OutcomeName
{
    private const int DeadlineExceeded = 4; // of google.rpc.Code

    /// <summary>The word.</summary>
    public static string Of(Outcome outcome) => outcome switch
    {
        Outcome.Failed failed => Of(failed.Kind),
        Outcome.Answered { Response.CachedResult: true } => "cached",
        Outcome.Answered { Response.Status.Code: DeadlineExceeded } => "timeout",
        Outcome.Answered { Response.Status.Code: not 0 } => "worker_error",
        Outcome.Answered { Response.Result.ExitCode: not 0 } => "nonzero_exit",
        _ => "ok",
    };

    private static string Of(FailureKind kind) => kind switch
    {
        FailureKind.InvalidAction => "invalid_action",
        FailureKind.MissingBlobs => "missing_blobs",
        FailureKind.NoWorker => "no_worker",
        FailureKind.Cancelled => "cancelled",
        FailureKind.Refused => "refused",
        FailureKind.Abandoned => "abandoned",
        FailureKind.ShuttingDown => "shutting_down",
        FailureKind.QueueFull => "queue_full",
        FailureKind.StorageUnavailable => "storage_unavailable",
        FailureKind.StorageFull => "storage_full",
        FailureKind.WorkerLost => "worker_lost",
        _ => "internal",
    };
}
