using System.Net;
using Google.Protobuf;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;
using static RemoteExec.Rpc.Tests.RawHttp;

namespace RemoteExec.Rpc.Tests.Server;

/// <summary>What the server makes of requests that a proper client would not send.</summary>
public sealed class ProtocolTests
{
    private const int MaxBytes = 100_000;

    private static Task<TestServer> StartAsync(Action<KestrelServerOptions>? listen = null) => TestServer.StartAsync(
        [Methods.ServeUnary((request, _) => Task.FromResult(new HealthCheckResponse { Status = request.Service.StartsWith('a') ? HealthCheckResponse.Types.ServingStatus.Serving : 0 }))],
        new RpcServerOptions { MaxRequestMessageBytes = MaxBytes }, listen);

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    public async Task The_content_types_of_gRPC_are_served(string contentType)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest { Service = "a" }), contentType);

        Assert.Equal((HttpStatusCode.OK, StatusCode.Ok), (answer.Http, answer.Status.Code));
        Assert.False(answer.IsTrailersOnly);
        Assert.Equal(Frame(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }), answer.Body);
    }

    [Theory]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc+json")]
    [InlineData("application/json")]
    [InlineData(null)]
    public async Task Other_content_types_are_415(string? contentType)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest()), contentType);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.Http);
    }

    [Fact]
    public async Task HTTP_1_is_426()
    {
        await using TestServer server = await StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest()), version: HttpVersion.Version11);

        Assert.Equal(HttpStatusCode.UpgradeRequired, answer.Http);
    }

    [Theory]
    [Rule("GEN-07")]
    [InlineData("/grpc.health.v1.Health/Watch")]
    [InlineData("/grpc.health.v1.Health/Chuck")]
    [InlineData("/no.Service/Method")]
    [InlineData("/")]
    public async Task What_is_not_offered_is_UNIMPLEMENTED(string path)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, path, Frame(new HealthCheckRequest()));

        Assert.Equal((HttpStatusCode.OK, StatusCode.Unimplemented), (answer.Http, answer.Status.Code));
        Assert.True(answer.IsTrailersOnly);
        Assert.Contains(path, answer.Status.Message, StringComparison.Ordinal);
    }

    public static TheoryData<byte[], StatusCode> BadBodies() => new()
    {
        { [], StatusCode.Internal },
        { [0, 0], StatusCode.Internal },
        { Frame(new HealthCheckRequest { Service = "abc" })[..^1], StatusCode.Internal },
        { [.. Frame(new HealthCheckRequest()), .. Frame(new HealthCheckRequest())], StatusCode.Internal },
        { [.. Frame(new HealthCheckRequest()), 0], StatusCode.Internal },
        { Frame(new HealthCheckRequest().ToByteArray(), flags: 2), StatusCode.Internal },
        { Frame(Gzip(new HealthCheckRequest().ToByteArray()), flags: 1), StatusCode.Internal },
        { [0, 255, 255, 255, 255], StatusCode.ResourceExhausted },
        { Frame(new byte[MaxBytes + 1]), StatusCode.ResourceExhausted },
        { Frame([255]), StatusCode.InvalidArgument },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_bad_body_ends_the_call_with_its_status(byte[] body, StatusCode code)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, body);

        Assert.Equal(code, answer.Status.Code);
        Assert.NotEmpty(answer.Status.Message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Requests_may_be_gzipped_or_not_once_gzip_is_announced(byte flags)
    {
        await using TestServer server = await StartAsync();
        byte[] message = new HealthCheckRequest { Service = new string('a', 50_000) }.ToByteArray();

        Answer answer = await PostAsync(
            server.Url, Methods.Unary, Frame(flags == 1 ? Gzip(message) : message, flags), headers: ("grpc-encoding", "gzip"));

        Assert.Equal(StatusCode.Ok, answer.Status.Code);
        Assert.Equal(Frame(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }), answer.Body);
    }

    public static TheoryData<byte[], StatusCode> BadGzip()
    {
        byte[] good = Gzip(new HealthCheckRequest { Service = new string('x', 1000) }.ToByteArray());
        return new()
        {
            { [1, 2, 3], StatusCode.Internal },
            { good[..^5], StatusCode.Internal },
            { Gzip(new byte[MaxBytes + 1]), StatusCode.ResourceExhausted },
        };
    }

    [Theory]
    [MemberData(nameof(BadGzip))]
    public async Task Bad_gzip_and_bombs_end_the_call_with_their_status(byte[] compressed, StatusCode code)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(compressed, flags: 1), headers: ("grpc-encoding", "gzip"));

        Assert.Equal(code, answer.Status.Code);
    }

    [Fact]
    public async Task An_unknown_compression_is_UNIMPLEMENTED_and_the_known_ones_are_told()
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest()), headers: ("grpc-encoding", "snappy"));

        Assert.Equal(StatusCode.Unimplemented, answer.Status.Code);
        Assert.Equal("identity,gzip", answer.Headers.Get("grpc-accept-encoding"));
    }

    [Theory]
    [InlineData("1")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("123456789S")]
    [InlineData("1s")]
    public async Task A_malformed_timeout_is_INVALID_ARGUMENT(string timeout)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest()), headers: ("grpc-timeout", timeout));

        Assert.Equal(StatusCode.InvalidArgument, answer.Status.Code);
    }

    [Theory]
    [InlineData("99999999H")]
    [InlineData("10S")]
    public async Task A_long_timeout_is_no_obstacle(string timeout)
    {
        await using TestServer server = await StartAsync();

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new HealthCheckRequest()), headers: ("grpc-timeout", timeout));

        Assert.Equal(StatusCode.Ok, answer.Status.Code);
    }

    [Fact]
    public async Task A_message_may_be_longer_than_the_windows()
    {
        const int Length = 40 * 1024 * 1024;
        await using TestServer server = await TestServer.StartAsync(
            [Methods.ServeRaw(async call =>
            {
                long received = (await call.Requests.ReadSingleAsync(call.CancellationToken)).Length;
                call.Requests.Release();
                call.Responses.Start((int)received);
                for (long left = received; left > 0; left -= 1024 * 1024)
                {
                    call.Responses.GetMemory(1024 * 1024);
                    call.Responses.Advance((int)Math.Min(left, 1024 * 1024));
                    await call.Responses.FlushAsync(call.CancellationToken);
                }
            })],
            new RpcServerOptions { MaxRequestMessageBytes = Length });

        Answer answer = await PostAsync(server.Url, Methods.Unary, Frame(new byte[Length]));

        Assert.Equal(StatusCode.Ok, answer.Status.Code);
        Assert.Equal(Length + 5, answer.Body.Length);
    }
}
