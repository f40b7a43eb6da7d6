using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Rpc.Services;

/// <summary>
/// Server reflection (RFL-01): tells tools such as grpcurl which services there are and how their messages look. Offered as v1 and as
/// v1alpha, with itself among the services. Thread-safe.
/// </summary>
/// <param name="services">The services that the server offers.</param>
public sealed class ReflectionService(IEnumerable<ServiceDescriptor> services)
{
    private static readonly FileDescriptor V1 = ReflectionReflection.Descriptor;
    private static readonly FileDescriptor V1Alpha = Grpc.Reflection.V1Alpha.ReflectionReflection.Descriptor;

    private readonly SymbolIndex index = new([.. services, .. V1.Services, .. V1Alpha.Services]);

    /// <summary>The services for <see cref="RpcEndpoints"/>: v1 and v1alpha.</summary>
    public IReadOnlyList<RpcService> ToRpcServices() =>
    [
        // Both versions are the same on the wire but for the package: the messages of v1 serve both.
        new RpcService(V1, "ServerReflection").Raw("ServerReflectionInfo", ServeAsync),
        new RpcService(V1Alpha, "ServerReflection").Raw("ServerReflectionInfo", ServeAsync),
    ];

    private async Task ServeAsync(RpcCall call)
    {
        var responses = new RpcResponseStream<ServerReflectionResponse>(call);
        await foreach (ServerReflectionRequest request in RpcService.ReadAll<ServerReflectionRequest>(call))
        {
            ServerReflectionResponse response = Answer(request);
            response.ValidHost = request.Host;
            response.OriginalRequest = request;
            await responses.WriteAsync(response);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request) => request.MessageRequestCase switch
    {
        ServerReflectionRequest.MessageRequestOneofCase.ListServices => new()
        {
            ListServicesResponse = new() { Service = { index.Services.Select(name => new ServiceResponse { Name = name }) } },
        },
        ServerReflectionRequest.MessageRequestOneofCase.FileByFilename =>
            Files(index.FindFile(request.FileByFilename), $"no file '{request.FileByFilename}'"),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol =>
            Files(index.FindSymbol(request.FileContainingSymbol), $"no symbol '{request.FileContainingSymbol}'"),
        ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension => Files(
            index.FindExtension(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber),
            $"no extension {request.FileContainingExtension.ExtensionNumber} of '{request.FileContainingExtension.ContainingType}'"),
        ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType => ExtensionNumbers(request.AllExtensionNumbersOfType),
        _ => Error(StatusCode.InvalidArgument, "the request asks for nothing: set one of the fields of message_request"),
    };

    private ServerReflectionResponse ExtensionNumbers(string type) => index.FindExtensionNumbers(type) is { } numbers
        ? new() { AllExtensionNumbersResponse = new() { BaseTypeName = type, ExtensionNumber = { numbers } } }
        : Error(StatusCode.NotFound, $"no message type '{type}'");

    private static ServerReflectionResponse Files(FileDescriptor? file, string missing) => file is null
        ? Error(StatusCode.NotFound, missing)
        : new() { FileDescriptorResponse = new() { FileDescriptorProto = { SymbolIndex.Closure([file]).Select(each => each.SerializedData) } } };

    private static ServerReflectionResponse Error(StatusCode code, string message) =>
        new() { ErrorResponse = new() { ErrorCode = (int)code, ErrorMessage = message } };
}
