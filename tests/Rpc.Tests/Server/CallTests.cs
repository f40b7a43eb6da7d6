using Google.Bytestream;
using Grpc.Health.V1;
using Grpc.Reflection.V1;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class CallTests
{
    [Fact]
    public async Task A_unary_call_is_answered()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((request, _) => Task.FromResult(
            new HealthCheckResponse { Status = request.Service == "a" ? ServingStatus.Serving : ServingStatus.NotServing })));

        Assert.Equal(ServingStatus.Serving, (await server.Channel.CheckAsync("a")).Status);
        Assert.Equal(ServingStatus.NotServing, (await server.Channel.CheckAsync("b")).Status);
    }

    [Fact]
    public async Task A_server_stream_is_read_to_its_end()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeStream(async (_, responses, _) =>
        {
            for (int i = 0; i < 3; i++)
                await responses.WriteAsync(new HealthCheckResponse { Status = (ServingStatus)i });
        }));

        var statuses = new List<ServingStatus>();
        await foreach (HealthCheckResponse response in server.Channel.ServerStreamAsync<HealthCheckRequest, HealthCheckResponse>(
            Methods.ServerStream, new(), Methods.Token))
            statuses.Add(response.Status);

        Assert.Equal([ServingStatus.Unknown, ServingStatus.Serving, ServingStatus.NotServing], statuses);
    }

    [Fact]
    public async Task A_stream_without_messages_ends_well()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeStream((_, _, _) => Task.CompletedTask));
        await using RpcClientCall call = server.Channel.Send(Methods.ServerStream, new HealthCheckRequest(), null, Methods.Token);

        Assert.Null(await call.ReadAsync<HealthCheckResponse>());
    }

    [Fact]
    public async Task A_client_stream_gets_its_one_answer()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeClientStream(async (requests, _) =>
            new WriteResponse { CommittedSize = await requests.Select(request => request.Data.Length).SumAsync() }));
        await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);

        for (int i = 0; i < 10; i++)
            Assert.True(await call.WriteAsync(new WriteRequest { Data = Google.Protobuf.ByteString.CopyFrom(new byte[1000]) }));
        await call.CompleteRequestsAsync();

        Assert.Equal(10_000, (await call.ReadAsync<WriteResponse>())?.CommittedSize);
        Assert.Null(await call.ReadAsync<WriteResponse>());
    }

    [Fact]
    public async Task Streams_go_both_ways_at_once()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeDuplex(async (requests, responses, _) =>
        {
            await foreach (ServerReflectionRequest request in requests)
                await responses.WriteAsync(new ServerReflectionResponse { ValidHost = request.Host });
        }));
        await using RpcClientCall call = server.Channel.Open(Methods.Duplex, null, Methods.Token);

        for (int i = 0; i < 3; i++)
        {
            Assert.True(await call.WriteAsync(new ServerReflectionRequest { Host = $"h{i}" }));
            Assert.Equal($"h{i}", (await call.ReadAsync<ServerReflectionResponse>())?.ValidHost);
        }

        await call.CompleteRequestsAsync();
        Assert.Null(await call.ReadAsync<ServerReflectionResponse>());
    }

    [Fact]
    public async Task Headers_are_there_before_the_first_message()
    {
        var release = new TaskCompletionSource();
        await using TestServer server = await TestServer.StartAsync(Methods.ServeDuplex(async (_, responses, call) =>
        {
            call.ResponseHeaders.Add("x-early", "yes");
            await call.SendHeadersAsync();
            await release.Task;
            await responses.WriteAsync(new ServerReflectionResponse { ValidHost = "late" });
        }));
        await using RpcClientCall call = server.Channel.Open(Methods.Duplex, null, Methods.Token);

        RpcMetadata headers = await call.GetResponseHeadersAsync();
        release.SetResult();

        Assert.Equal("yes", headers.Get("x-early"));
        Assert.Equal("late", (await call.ReadAsync<ServerReflectionResponse>())?.ValidHost);
    }

    [Fact]
    public async Task Headers_and_trailers_of_a_handler_arrive()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((_, call) =>
        {
            call.ResponseHeaders.Add("x-head", "1");
            call.ResponseTrailers.Add("x-trail", "2");
            call.ResponseTrailers.AddBinary("x-trail-bin", [0, 255, 7]);
            return Task.FromResult(new HealthCheckResponse());
        }));
        await using RpcClientCall call = server.Channel.Send(Methods.Unary, new HealthCheckRequest(), null, Methods.Token);

        RpcMetadata headers = await call.GetResponseHeadersAsync();
        Assert.NotNull(await call.ReadAsync<HealthCheckResponse>());
        Assert.Null(await call.ReadAsync<HealthCheckResponse>());

        Assert.Equal("1", headers.Get("x-head"));
        Assert.Equal("2", call.ResponseTrailers.Get("x-trail"));
        Assert.Equal([0, 255, 7], call.ResponseTrailers.GetBinary("x-trail-bin"));
    }

    [Theory]
    [Rule("RMD-01")]
    [InlineData("AP8HCQ==")]
    [InlineData("AP8HCQ")]
    [InlineData("AP8HCQ,ignored")]
    public async Task Binary_request_headers_may_be_padded_or_not(string value)
    {
        byte[]? seen = null;
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((_, call) =>
        {
            seen = call.GetBinaryRequestHeader("x-meta-bin");
            return Task.FromResult(new HealthCheckResponse());
        }));

        await server.Channel.CheckAsync(options: new() { Headers = new() { { "x-meta-bin", value } } });

        Assert.Equal([0, 255, 7, 9], seen);
    }

    [Fact]
    [Rule("RMD-01")]
    public async Task A_binary_request_header_that_is_no_base64_is_as_good_as_none()
    {
        byte[]? seen = [];
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((_, call) =>
        {
            seen = call.GetBinaryRequestHeader("x-meta-bin");
            return Task.FromResult(new HealthCheckResponse());
        }));

        await server.Channel.CheckAsync(options: new() { Headers = new() { { "x-meta-bin", "???" } } });

        Assert.Null(seen);
    }

    [Fact]
    public async Task Interceptors_stand_round_the_handler_and_see_mapped_failures()
    {
        var seen = new List<string>();
        var options = new RpcServerOptions
        {
            Interceptors =
            [
                async (call, next) =>
                {
                    call.Set("attached");
                    RpcException failure = await Assert.ThrowsAsync<RpcException>(() => next(call));
                    seen.Add($"outer {failure.Code}");
                    throw failure;
                },
                (call, next) =>
                {
                    seen.Add($"inner {call.Get<string>()}");
                    return next(call);
                },
            ],
        };
        RpcService service = new RpcService(HealthReflection.Descriptor, "Health", exception => exception is FormatException ? new(StatusCode.OutOfRange, "mapped") : null)
            .Unary<HealthCheckRequest, HealthCheckResponse>("Check", (_, _) => throw new FormatException());
        await using TestServer server = await TestServer.StartAsync([service], options);

        RpcException failure = await server.Channel.CheckFailsAsync();

        Assert.Equal((StatusCode.OutOfRange, "mapped"), (failure.Code, failure.Status.Message));
        Assert.Equal(["inner attached", "outer OutOfRange"], seen);
    }

    [Fact]
    public void Two_services_of_one_name_are_refused_at_the_start()
    {
        RpcService service = Methods.ServeUnary((_, _) => Task.FromResult(new HealthCheckResponse()));

        Assert.Throws<ArgumentException>(() => new RpcEndpoints([service, service], new RpcServerOptions(), NullLogger.Instance, TimeProvider.System));
    }

    [Fact]
    public void A_method_mapped_with_the_wrong_name_shape_or_types_is_refused_at_the_start()
    {
        var service = new RpcService(HealthReflection.Descriptor, "Health");

        Assert.Throws<ArgumentException>(() => new RpcService(HealthReflection.Descriptor, "Wealth"));
        Assert.Throws<ArgumentException>(() => service.Raw("Chuck", _ => Task.CompletedTask));
        Assert.Throws<ArgumentException>(() => service.Unary<HealthCheckRequest, HealthCheckResponse>("Watch", (_, _) => Task.FromResult(new HealthCheckResponse())));
        Assert.Throws<ArgumentException>(() => service.Unary<HealthListRequest, HealthListResponse>("Check", (_, _) => Task.FromResult(new HealthListResponse())));
    }
}
