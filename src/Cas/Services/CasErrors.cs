using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;

namespace RemoteExec.Cas.Services;

/// <summary>The one mapping of the storage side's exceptions to a status.</summary>
public static class CasErrors
{
    /// <summary>The status that tells a client of this exception; null if it is none of the storage side's.</summary>
    public static RpcStatus? ToStatus(Exception exception) => CodeOf(exception) is { } code ? new RpcStatus(code, exception.Message) : null;

    private static StatusCode? CodeOf(Exception exception) => exception switch
    {
        BlobMismatchException or InstanceUnknownException => StatusCode.InvalidArgument,
        BlobsMissingException => StatusCode.NotFound,
        StoreFullException or BlobTooLargeException or TreeTooLargeException => StatusCode.ResourceExhausted,
        StoreUnavailableException => StatusCode.Unavailable,
        StoreReadOnlyException => StatusCode.PermissionDenied, // BSW-16
        AccessDeniedException denied => denied.IsStranger ? StatusCode.Unauthenticated : StatusCode.PermissionDenied,

        // INTERNAL and not DATA_LOSS: clients retry the first, and find the blob, which was dropped, missing; the second ends their build
        // (BSR-08, Q-01, Q-04).
        BlobCorruptException => StatusCode.Internal,
        _ => null,
    };
}
