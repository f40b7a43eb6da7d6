using RemoteExec.Cas.Services;
using RemoteExec.Rpc;

namespace RemoteExec.References.Services;

/// <summary>The one mapping of this project's exceptions to a status.</summary>
public static class ReferenceErrors
{
    /// <summary>The status that tells a client of this exception; null if it is neither of references nor of the storage side.</summary>
    public static RpcStatus? ToStatus(Exception exception) => CodeOf(exception) is { } code ? new RpcStatus(code, exception.Message) : CasErrors.ToStatus(exception);

    private static StatusCode? CodeOf(Exception exception) => exception switch
    {
        ReferenceUnknownException => StatusCode.NotFound,
        ReferenceMovedException => StatusCode.Aborted,
        TagTakenException => StatusCode.AlreadyExists,
        TargetIncompleteException => StatusCode.FailedPrecondition,
        _ => null,
    };
}
