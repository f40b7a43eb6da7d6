namespace RemoteExec.Rpc;

/// <summary>Tells of failures whether they are a server's refusal: it does not know who calls, or does not let him do that.</summary>
public static class RpcRefusal
{
    /// <summary>What the server said, in an exception or what caused it; null if none is a refusal.</summary>
    public static string? Find(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is RpcException { Code: StatusCode.Unauthenticated or StatusCode.PermissionDenied } refusal)
                return refusal.Status.Message;
        }

        return null;
    }
}
