namespace RemoteExec.Server.Hosting;

/// <summary>What a listener serves.</summary>
internal enum ListenerKind
{
    /// <summary>The REAPI over gRPC.</summary>
    Grpc,

    /// <summary>The HTTP/1.1 cache.</summary>
    Http,

    /// <summary>The CAS and the worker queue: only for who may decide what actions answer.</summary>
    Workers,
}
