namespace RemoteExec.Server.Hosting;

/// <summary>What a listener serves.</summary>
internal enum ListenerKind
{
    /// <summary>The REAPI over gRPC.</summary>
    Grpc,

    /// <summary>The HTTP/1.1 cache.</summary>
    Http,

    /// <summary>What <see cref="Grpc"/> serves, and the worker queue: only for who may decide what actions answer.</summary>
    Workers,
}
