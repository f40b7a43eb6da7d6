namespace RemoteExec.Rpc.Server;

/// <summary>The HTTP/2 error codes with which this server breaks streams off.</summary>
internal enum ResetCode
{
    /// <summary>All is said: the client need not send the rest.</summary>
    NoError = 0,

    /// <summary>A message was left unfinished; clients take it as INTERNAL.</summary>
    InternalError = 2,

    /// <summary>The call is over without a status; clients take it as CANCELLED.</summary>
    Cancel = 8,
}
