using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Worker.Disk;

namespace RemoteExec.Worker.Services;

/// <summary>How failures of an attempt are told to the client, and whether another worker should try (EXE-04).</summary>
internal static class ActionErrors
{
    /// <summary>The status of an attempt that ended with this exception; unforeseen ones should be logged.</summary>
    public static (Google.Rpc.Status Status, bool Retryable, bool IsForeseen) ToStatus(Exception exception) => exception switch
    {
        InvalidActionException => (Invalid(exception.Message), false, true),
        BlobsMissingException missing => (MissingBlobs(missing.Digests), false, true),
        BlobCorruptException corrupt => (MissingBlobs([corrupt.Digest]), false, true),
        StoreFullException => (Make(StatusCode.ResourceExhausted, exception.Message), true, true),
        BlobMismatchException => (Make(StatusCode.Unavailable, $"an output changed while it was uploaded: {exception.Message}"), true, true),
        CasException => (Make(StatusCode.Unavailable, exception.Message), true, true),
        RpcException { Code: StatusCode.ResourceExhausted } => (Make(StatusCode.ResourceExhausted, $"the CAS: {exception.Message}"), true, true),
        RpcException => (Make(StatusCode.Unavailable, $"the CAS: {exception.Message}"), true, true),
        DiskShortException => (Make(StatusCode.ResourceExhausted, exception.Message), true, true),
        IOException or UnauthorizedAccessException => (Make(StatusCode.Unavailable, $"the worker has a problem: {exception.Message}"), true, true),
        _ => (Make(StatusCode.Internal, "the worker failed in an unforeseen way; its log says more"), true, false),
    };

    /// <summary>The action breaks a rule.</summary>
    public static Google.Rpc.Status Invalid(string message) => Make(StatusCode.InvalidArgument, message);

    /// <summary>The command was stopped by its timeout; nothing else has this status .</summary>
    public static Google.Rpc.Status TimedOut(TimeSpan timeout) =>
        Make(StatusCode.DeadlineExceeded, $"the command ran longer than its timeout of {timeout.TotalSeconds:0.###} s and was stopped");

    /// <summary>Something that can't be an output is where one was declared (OUT-03).</summary>
    public static Google.Rpc.Status BadOutputs(string message) => Make(StatusCode.FailedPrecondition, message);

    /// <summary>The command was stopped as it took too much of the disk.</summary>
    public static Google.Rpc.Status TooMuchDisk(string message) => Make(StatusCode.FailedPrecondition, message);

    /// <summary>The result has so many outputs that it fits into no message.</summary>
    public static Google.Rpc.Status ResultTooLong(int bytes, int limit) => Make(
        StatusCode.ResourceExhausted, $"the result of the action has {bytes} bytes, more than the {limit} of a message: declare a directory as its output instead of the files in it");

    /// <summary>One violation for each missing blob, in one detail: clients upload them and try again (EXE-05).</summary>
    public static Google.Rpc.Status MissingBlobs(IReadOnlyCollection<Digest> digests)
    {
        const int NamedInMessage = 5;
        var failure = new PreconditionFailure();
        foreach (Digest digest in digests)
            failure.Violations.Add(new PreconditionFailure.Types.Violation { Type = "MISSING", Subject = ResourceName.FormatSubject(digest) });
        string names = string.Join(", ", failure.Violations.Take(NamedInMessage).Select(violation => violation.Subject))
            + (digests.Count > NamedInMessage ? ", …" : "");
        Google.Rpc.Status status = Make(StatusCode.FailedPrecondition, $"{digests.Count} of the action's blobs are not in the CAS: {names}");
        status.Details.Add(Any.Pack(failure));
        return status;
    }

    private static Google.Rpc.Status Make(StatusCode code, string message) => new() { Code = (int)code, Message = message };
}
