using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Services;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Services;

[Rule("RFL-01")]
public sealed class ReflectionServiceTests : IAsyncLifetime
{
    private static readonly ReflectionService Reflection = new([HealthReflection.Descriptor.Services[0]]);
    private TestServer server = null!;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync(Reflection.ToRpcServices());

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData("v1")]
    [InlineData("v1alpha")]
    public async Task Services_are_listed_in_both_versions(string version)
    {
        ServerReflectionResponse response = await AskAsync(new() { Host = "h", ListServices = "*" }, version);

        Assert.Equal("h", response.ValidHost);
        Assert.Equal("*", response.OriginalRequest.ListServices);
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
            response.ListServicesResponse.Service.Select(service => service.Name));
    }

    [Theory]
    [InlineData("grpc.health.v1.Health")]
    [InlineData("grpc.health.v1.Health.Check")]
    [InlineData("grpc.health.v1.HealthCheckResponse")]
    [InlineData("grpc.health.v1.HealthCheckResponse.status")]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus")]
    [InlineData("grpc.health.v1.HealthListResponse.StatusesEntry")]
    public async Task A_symbol_of_any_kind_leads_to_its_file(string symbol)
    {
        ServerReflectionResponse response = await AskAsync(new() { FileContainingSymbol = symbol });

        FileDescriptorProto file = FileDescriptorProto.Parser.ParseFrom(response.FileDescriptorResponse.FileDescriptorProto[0]);
        Assert.Equal("grpc/health/v1/health.proto", file.Name);
    }

    [Fact]
    public async Task A_file_comes_with_everything_that_it_imports()
    {
        ServerReflectionResponse response = await AskAsync(new() { FileByFilename = "outer.proto" }, files: Nested());

        FileDescriptorProto[] files = [.. response.FileDescriptorResponse.FileDescriptorProto.Select(FileDescriptorProto.Parser.ParseFrom)];
        Assert.Equal(["outer.proto", "middle.proto", "inner.proto"], files.Select(file => file.Name));
    }

    [Fact]
    public async Task Extensions_are_found_by_their_number()
    {
        ServerReflectionResponse file = await AskAsync(new() { FileContainingExtension = new() { ContainingType = "x.Base", ExtensionNumber = 100 } }, files: Extended());
        ServerReflectionResponse numbers = await AskAsync(new() { AllExtensionNumbersOfType = "x.Base" }, files: Extended());

        Assert.Equal("extended.proto", FileDescriptorProto.Parser.ParseFrom(file.FileDescriptorResponse.FileDescriptorProto[0]).Name);
        Assert.Equal("x.Base", numbers.AllExtensionNumbersResponse.BaseTypeName);
        Assert.Equal([100, 101], numbers.AllExtensionNumbersResponse.ExtensionNumber.Order());
    }

    [Fact]
    public async Task Errors_are_answers_and_the_stream_goes_on()
    {
        (ServerReflectionRequest Request, StatusCode Code)[] bad =
        [
            (new() { FileByFilename = "no.proto" }, StatusCode.NotFound),
            (new() { FileContainingSymbol = "no.Symbol" }, StatusCode.NotFound),
            (new() { FileContainingExtension = new() { ContainingType = "no.Type", ExtensionNumber = 1 } }, StatusCode.NotFound),
            (new() { AllExtensionNumbersOfType = "no.Type" }, StatusCode.NotFound),
            (new(), StatusCode.InvalidArgument),
        ];
        await using RpcClientCall call = Open(server, "v1");

        foreach ((ServerReflectionRequest request, StatusCode code) in bad)
        {
            await call.WriteAsync(request);
            ServerReflectionResponse? response = await call.ReadAsync<ServerReflectionResponse>();
            Assert.Equal((int)code, response?.ErrorResponse.ErrorCode);
            Assert.Equal(request, response?.OriginalRequest);
        }

        await call.CompleteRequestsAsync();
        Assert.Null(await call.ReadAsync<ServerReflectionResponse>());
    }

    private static RpcClientCall Open(TestServer server, string version) =>
        server.Channel.Open($"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", null, TestContext.Current.CancellationToken);

    private static IReadOnlyList<FileDescriptor> Nested()
    {
        var inner = new FileDescriptorProto { Name = "inner.proto", Syntax = "proto3" };
        var middle = new FileDescriptorProto { Name = "middle.proto", Syntax = "proto3", Dependency = { "inner.proto" } };
        var outer = new FileDescriptorProto
        {
            Name = "outer.proto",
            Syntax = "proto3",
            Dependency = { "middle.proto", "inner.proto" },
            Service = { new ServiceDescriptorProto { Name = "S" } },
        };
        return FileDescriptor.BuildFromByteStrings([inner.ToByteString(), middle.ToByteString(), outer.ToByteString()]);
    }

    private static IReadOnlyList<FileDescriptor> Extended()
    {
        var file = new FileDescriptorProto
        {
            Name = "extended.proto",
            Package = "x",
            Syntax = "proto2",
            Service = { new ServiceDescriptorProto { Name = "S" } },
            MessageType =
            {
                new DescriptorProto { Name = "Base", ExtensionRange = { new DescriptorProto.Types.ExtensionRange { Start = 100, End = 200 } } },
                new DescriptorProto { Name = "Scope", Extension = { Extension("inner", 101) } },
            },
            Extension = { Extension("outer", 100) },
        };
        return FileDescriptor.BuildFromByteStrings([file.ToByteString()]);

        static FieldDescriptorProto Extension(string name, int number) => new()
        {
            Name = name,
            Number = number,
            Extendee = ".x.Base",
            Label = FieldDescriptorProto.Types.Label.Optional,
            Type = FieldDescriptorProto.Types.Type.Int32,
        };
    }

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request, string version = "v1", IReadOnlyList<FileDescriptor>? files = null)
    {
        if (files is not null)
        {
            await using TestServer other = await TestServer.StartAsync(new ReflectionService(files.SelectMany(file => file.Services)).ToRpcServices());
            return await AskAsync(other, request, version);
        }

        return await AskAsync(server, request, version);
    }

    private static async Task<ServerReflectionResponse> AskAsync(TestServer server, ServerReflectionRequest request, string version)
    {
        await using RpcClientCall call = Open(server, version);
        await call.WriteAsync(request);
        await call.CompleteRequestsAsync();
        ServerReflectionResponse? response = await call.ReadAsync<ServerReflectionResponse>();
        Assert.NotNull(response);
        Assert.Null(await call.ReadAsync<ServerReflectionResponse>());
        return response;
    }
}
