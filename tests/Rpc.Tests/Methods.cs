using Google.Bytestream;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Rpc.Tests;

/// <summary>One method of each shape, borrowed from well-known services, with its path.</summary>
internal static class Methods
{
    public const string Unary = "/grpc.health.v1.Health/Check";
    public const string ServerStream = "/grpc.health.v1.Health/Watch";
    public const string ClientStream = "/google.bytestream.ByteStream/Write";
    public const string Duplex = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static RpcService ServeUnary(Func<HealthCheckRequest, RpcCall, Task<HealthCheckResponse>> handler) =>
        new RpcService(HealthReflection.Descriptor, "Health").Unary("Check", handler);

    public static RpcService ServeStream(Func<HealthCheckRequest, RpcResponseStream<HealthCheckResponse>, RpcCall, Task> handler) =>
        new RpcService(HealthReflection.Descriptor, "Health").ServerStream("Watch", handler);

    public static RpcService ServeClientStream(Func<IAsyncEnumerable<WriteRequest>, RpcCall, Task<WriteResponse>> handler) =>
        new RpcService(BytestreamReflection.Descriptor, "ByteStream").ClientStream("Write", handler);

    public static RpcService ServeDuplex(
        Func<IAsyncEnumerable<ServerReflectionRequest>, RpcResponseStream<ServerReflectionResponse>, RpcCall, Task> handler) =>
        new RpcService(ReflectionReflection.Descriptor, "ServerReflection").DuplexStream("ServerReflectionInfo", handler);

    public static RpcService ServeRaw(RpcHandler handler) => new RpcService(HealthReflection.Descriptor, "Health").Raw("Check", handler);

    public static Task<HealthCheckResponse> CheckAsync(this RpcChannel channel, string service = "", RpcCallOptions? options = null) =>
        channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(Unary, new() { Service = service }, Token, options);

    public static Task<RpcException> CheckFailsAsync(this RpcChannel channel, RpcCallOptions? options = null) =>
        Assert.ThrowsAsync<RpcException>(() => channel.CheckAsync(options: options));
}
