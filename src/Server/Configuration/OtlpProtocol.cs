namespace RemoteExec.Server.Configuration;

/// <summary>How OTLP is sent.</summary>
internal enum OtlpProtocol
{
    /// <summary>Over gRPC.</summary>
    Grpc,

    /// <summary>Protobuf over HTTP.</summary>
    Http,
}
