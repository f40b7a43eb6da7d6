using RemoteExec.Rpc;

namespace RemoteExec.Cas.Stores;

/// <summary>What came of writing a small blob at another server together with others.</summary>
/// <param name="Status">The server's word; null if it is to be written in another way.</param>
internal readonly record struct SmallWritten(RpcStatus? Status);
