using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class RoundTripTests
{
    private static async Task<WebApplication> StartAsync(RpcService service)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            KestrelHttp2.Configure(kestrel);
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        WebApplication application = builder.Build();
        var endpoints = new RpcEndpoints([service], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System);
        application.Use((context, next) => RpcEndpoints.IsRpc(context) ? endpoints.InvokeAsync(context) : next(context));
        await application.StartAsync();
        return application;
    }

    [Fact]
    public async Task A_unary_call_is_answered()
    {
        RpcService service = new RpcService(HealthReflection.Descriptor, "Health")
            .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (request, _) => Task.FromResult(
                new HealthCheckResponse { Status = request.Service == "a" ? HealthCheckResponse.Types.ServingStatus.Serving : HealthCheckResponse.Types.ServingStatus.NotServing }));
        await using WebApplication application = await StartAsync(service);
        await using var channel = new RpcChannel(RpcAddress.Parse(application.Urls.First()));

        HealthCheckResponse response = await channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = "a" }, TestContext.Current.CancellationToken);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, response.Status);
    }

    [Fact]
    public async Task An_unmapped_method_is_UNIMPLEMENTED()
    {
        await using WebApplication application = await StartAsync(new RpcService(HealthReflection.Descriptor, "Health"));
        await using var channel = new RpcChannel(RpcAddress.Parse(application.Urls.First()));

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest(), TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.Unimplemented, exception.Code);
    }

    [Fact]
    public async Task A_failing_handler_ends_with_its_status()
    {
        RpcService service = new RpcService(HealthReflection.Descriptor, "Health")
            .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, _) => throw new RpcException(StatusCode.NotFound, "häh: 100%"));
        await using WebApplication application = await StartAsync(service);
        await using var channel = new RpcChannel(RpcAddress.Parse(application.Urls.First()));

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest(), TestContext.Current.CancellationToken));

        Assert.Equal(StatusCode.NotFound, exception.Code);
        Assert.Equal("häh: 100%", exception.Status.Message);
    }

    [Fact]
    public async Task Streams_go_both_ways()
    {
        RpcService service = new RpcService(Grpc.Reflection.V1.ReflectionReflection.Descriptor, "ServerReflection")
            .DuplexStream<Grpc.Reflection.V1.ServerReflectionRequest, Grpc.Reflection.V1.ServerReflectionResponse>("ServerReflectionInfo", async (requests, responses, _) =>
            {
                await foreach (Grpc.Reflection.V1.ServerReflectionRequest request in requests)
                    await responses.WriteAsync(new Grpc.Reflection.V1.ServerReflectionResponse { ValidHost = request.Host });
            });
        await using WebApplication application = await StartAsync(service);
        await using var channel = new RpcChannel(RpcAddress.Parse(application.Urls.First()));
        await using RpcClientCall call = channel.Open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", null, TestContext.Current.CancellationToken);

        for (int i = 0; i < 3; i++)
        {
            await call.WriteAsync(new Grpc.Reflection.V1.ServerReflectionRequest { Host = $"h{i}" });
            Grpc.Reflection.V1.ServerReflectionResponse? response = await call.ReadAsync<Grpc.Reflection.V1.ServerReflectionResponse>();
            Assert.Equal($"h{i}", response?.ValidHost);
        }

        await call.CompleteRequestsAsync();
        Assert.Null(await call.ReadAsync<Grpc.Reflection.V1.ServerReflectionResponse>());
    }
}
