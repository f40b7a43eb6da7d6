namespace RemoteExec.Rpc.Server;

/// <summary>A method as the server runs it.</summary>
/// <param name="Handler">Serves a call.</param>
/// <param name="MapError">The feature's mapping of its exceptions to a status; null for what it does not know.</param>
public sealed record RpcMethod(RpcHandler Handler, Func<Exception, RpcStatus?>? MapError);
