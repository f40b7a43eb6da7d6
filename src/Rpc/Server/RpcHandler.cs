namespace RemoteExec.Rpc.Server;

/// <summary>Serves one call: reads its requests, writes its responses; ends it well by returning, badly by throwing.</summary>
public delegate Task RpcHandler(RpcCall call);

/// <summary>
/// Stands round every handler: may look at the call, attach features, refuse it by throwing, and calls <paramref name="next"/>. What the handler's feature can
/// map to a status comes out of it as a <see cref="RpcException"/>.
/// </summary>
public delegate Task RpcInterceptor(RpcCall call, RpcHandler next);
