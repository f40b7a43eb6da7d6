using RemoteExec.Cas;
using RemoteExec.Execution.Operations;

namespace RemoteExec.Execution.Actions;

/// <summary>What an operation is told when storage failed on its behalf.</summary>
internal static class StorageFailure
{
    /// <summary>The outcome that tells of an exception; of one that is not the storage side's nothing is told, it is in the log.</summary>
    public static Outcome.Failed ToOutcome(Exception exception) => exception switch
    {
        StoreUnavailableException => new Outcome.Failed(FailureKind.StorageUnavailable, exception.Message),
        StoreFullException => new Outcome.Failed(FailureKind.StorageFull, exception.Message),
        CasException => new Outcome.Failed(FailureKind.Internal, exception.Message),
        _ => new Outcome.Failed(FailureKind.Internal, "internal error; the server's log has it"),
    };
}
