using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using RemoteExec.Cas;
using RemoteExec.Protocol;
using RemoteExec.Rpc;

namespace RemoteExec.Worker.Services;

/// <summary>How failures of an attempt are told to the client, and whether another worker should try (EXE-04).</summary>
internal static class ActionErrors
{
    /// <summary>The status of an attempt that ended with this exception.</summary>
    public static (Google.Rpc.Status Status, bool Retryable) ToStatus(Exception exception) => exception switch
    {
        InvalidActionException => (Make(StatusCode.InvalidArgument, exception.Message), false),
        BlobsMissingException missing => (MissingBlobs(missing.Digests), false),
        BlobCorruptException corrupt => (MissingBlobs([corrupt.Digest]), false),
        StoreFullException => (Make(StatusCode.ResourceExhausted, exception.Message), true),
        StoreUnavailableException => (Make(StatusCode.Unavailable, exception.Message), true),
        RpcException rpc => (Make(rpc.Code is StatusCode.ResourceExhausted ? rpc.Code : StatusCode.Unavailable, $"the CAS: {rpc.Message}"), true),
        IOException or UnauthorizedAccessException => (Make(StatusCode.Unavailable, $"the worker has a problem: {exception.Message}"), true),
        _ => (Make(StatusCode.Internal, "the worker failed in an unforeseen way; its log says more"), true),
    };

    /// <summary>One violation for each missing blob, in one detail: clients upload them and try again (EXE-05).</summary>
    public static Google.Rpc.Status MissingBlobs(IReadOnlyCollection<Digest> digests)
    {
        const int NamedInMessage = 5;
        var failure = new PreconditionFailure();
        foreach (Digest digest in digests)
            failure.Violations.Add(new PreconditionFailure.Types.Violation { Type = "MISSING", Subject = ResourceName.FormatSubject(digest) });
        string names = string.Join(", ", failure.Violations.Take(NamedInMessage).Select(violation => violation.Subject));
        Google.Rpc.Status status = Make(
            StatusCode.FailedPrecondition, $"{digests.Count} of the action's blobs are not in the CAS: {names}{(digests.Count > NamedInMessage ? ", …" : "")}");
        status.Details.Add(Any.Pack(failure));
        return status;
    }

    /// <summary>A status without details.</summary>
    public static Google.Rpc.Status Make(StatusCode code, string message) => new() { Code = (int)code, Message = message };
}
