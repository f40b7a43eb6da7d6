using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Health.V1;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class ErrorTests
{
    private static RpcService Failing(Exception exception) => Methods.ServeUnary((_, _) => throw exception);

    private static Any Missing(string subject) => Any.Pack(
        new PreconditionFailure { Violations = { new PreconditionFailure.Types.Violation { Type = "MISSING", Subject = subject } } });

    [Theory]
    [InlineData("plain")]
    [InlineData("häh: 100% – 漢字 🎉")]
    [InlineData("line\nbreak, tab\t and \0")]
    [InlineData("ends in %41")]
    public async Task A_failure_is_told_with_its_message_and_nothing_else(string message)
    {
        await using TestServer server = await TestServer.StartAsync(Failing(new RpcException(StatusCode.NotFound, message)));

        RawHttp.Answer answer = await RawHttp.PostAsync(server.Url, Methods.Unary, RawHttp.Frame(new HealthCheckRequest()));
        RpcException exception = await server.Channel.CheckFailsAsync();

        Assert.True(answer.IsTrailersOnly);
        Assert.Empty(answer.Body);
        Assert.Equal((StatusCode.NotFound, message), (exception.Code, exception.Status.Message));
    }

    [Fact]
    public async Task A_miss_is_told_without_an_exception()
    {
        var log = new RecordingLogger();
        await using TestServer server = await TestServer.StartAsync(
            [
                Methods.ServeUnary(async (_, call) =>
                {
                    await Task.Yield();
                    return call.Fail<HealthCheckResponse>(StatusCode.NotFound, "not here");
                }),
                Methods.ServeClientStream((_, call) => Task.FromResult(call.Fail<Google.Bytestream.WriteResponse>(StatusCode.NotFound, "nor here"))),
            ],
            new RpcServerOptions(), logger: log);
        await using RpcClientCall upload = server.Channel.Open(Methods.ClientStream, null, Methods.Token);

        RpcException unary = await server.Channel.CheckFailsAsync();
        RpcException streamed = await Assert.ThrowsAsync<RpcException>(async () => await upload.ReadAsync<Google.Bytestream.WriteResponse>());

        Assert.Equal((StatusCode.NotFound, "not here"), (unary.Code, unary.Status.Message));
        Assert.Equal((StatusCode.NotFound, "nor here"), (streamed.Code, streamed.Status.Message));
        Assert.Equal(
            [$"{Methods.ClientStream} ended with NotFound: nor here", $"{Methods.Unary} ended with NotFound: not here"],
            log.Entries.Select(entry => entry.Text).Order(StringComparer.Ordinal));
    }

    [Fact]
    [Rule("GEN-02")]
    public async Task Details_travel_as_a_whole_status_in_base64()
    {
        Any detail = Missing("blobs/abc/3");
        await using TestServer server = await TestServer.StartAsync(Failing(new RpcException(StatusCode.FailedPrecondition, "1 blob is missing: ü", detail)));

        RawHttp.Answer answer = await RawHttp.PostAsync(server.Url, Methods.Unary, RawHttp.Frame(new HealthCheckRequest()));
        RpcException exception = await server.Channel.CheckFailsAsync();

        string details = answer.Headers.Get(Trailers.Details)!;
        Assert.DoesNotContain('=', details);
        Google.Rpc.Status whole = Google.Rpc.Status.Parser.ParseFrom(answer.Headers.GetBinary(Trailers.Details));
        Assert.Equal(((int)StatusCode.FailedPrecondition).ToString(), answer.Headers.Get(Trailers.Status));
        Assert.Equal((int)StatusCode.FailedPrecondition, whole.Code);
        Assert.Equal(Trailers.PercentDecode(answer.Headers.Get(Trailers.Message)!), whole.Message);
        Assert.Equal("type.googleapis.com/google.rpc.PreconditionFailure", Assert.Single(whole.Details).TypeUrl);
        Assert.Equal(detail, Assert.Single(exception.Status.Details));
    }

    [Fact]
    [Rule("GEN-01")]
    public async Task A_failure_may_tell_when_to_try_again()
    {
        Any retry = Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)) });
        await using TestServer server = await TestServer.StartAsync(Failing(new RpcException(StatusCode.Unavailable, "busy", retry)));

        RpcException exception = await server.Channel.CheckFailsAsync();

        Assert.Equal(2, Assert.Single(exception.Status.Details).Unpack<RetryInfo>().RetryDelay.Seconds);
    }

    [Fact]
    public async Task What_is_too_long_for_headers_is_cut_and_the_rest_arrives()
    {
        const int HeaderListLimit = 8 * 1024;
        Any[] details = [.. Enumerable.Range(0, 100).Select(i => Missing($"blobs/{new string('a', 64)}/{i}"))];
        string message = new('ä', 100_000);
        await using TestServer server = await TestServer.StartAsync(Failing(new RpcException(StatusCode.FailedPrecondition, message, details)));

        RawHttp.Answer answer = await RawHttp.PostAsync(server.Url, Methods.Unary, RawHttp.Frame(new HealthCheckRequest()));

        Assert.InRange(answer.Headers.Sum(header => header.Key.Length + header.Value.Length + 32), 4 * 1024, HeaderListLimit);
        Google.Rpc.Status whole = Google.Rpc.Status.Parser.ParseFrom(answer.Headers.GetBinary(Trailers.Details));
        Assert.Equal(answer.Status.Message, whole.Message);
        Assert.StartsWith(whole.Message, message, StringComparison.Ordinal);
        Assert.InRange(whole.Details.Count, 10, 99);
        Assert.Equal(details[..whole.Details.Count], whole.Details);
    }

    [Fact]
    public async Task A_failure_after_messages_is_told_in_the_trailers()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeStream(async (_, responses, call) =>
        {
            await responses.WriteAsync(new HealthCheckResponse());
            call.Responses.Write(new HealthCheckResponse()); // not flushed: must not be lost
            throw new RpcException(StatusCode.DataLoss, "lost");
        }));
        await using RpcClientCall call = server.Channel.Send(Methods.ServerStream, new HealthCheckRequest(), null, Methods.Token);

        Assert.NotNull(await call.ReadAsync<HealthCheckResponse>());
        Assert.NotNull(await call.ReadAsync<HealthCheckResponse>());
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync<HealthCheckResponse>());

        Assert.Equal((StatusCode.DataLoss, "lost"), (exception.Code, exception.Status.Message));
    }

    [Fact]
    public async Task A_failure_before_the_first_flush_still_has_its_messages_and_trailers()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeStream((_, _, call) =>
        {
            call.Responses.Write(new HealthCheckResponse());
            throw new RpcException(StatusCode.DataLoss, "lost");
        }));
        await using RpcClientCall call = server.Channel.Send(Methods.ServerStream, new HealthCheckRequest(), null, Methods.Token);

        Assert.NotNull(await call.ReadAsync<HealthCheckResponse>());
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync<HealthCheckResponse>());

        Assert.Equal(StatusCode.DataLoss, exception.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failure_inside_a_message_resets_the_stream(bool flushed)
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeRaw(async call =>
        {
            call.Responses.Start(1000);
            call.Responses.GetSpan(10)[..10].Clear();
            call.Responses.Advance(10);
            if (flushed)
                await call.Responses.FlushAsync(call.CancellationToken);
            throw new RpcException(StatusCode.DataLoss, "nobody will hear this");
        }));

        RpcException exception = await server.Channel.CheckFailsAsync();

        Assert.Equal(StatusCode.Internal, exception.Code);
    }

    [Fact]
    public async Task A_reserved_message_that_cannot_be_filled_leaves_no_trace()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeRaw(async call =>
        {
            await call.Requests.ReadSingleAsync(call.CancellationToken);
            call.Responses.Reserve(1000).Span.Fill(7);
            throw new RpcException(StatusCode.DataLoss, "the disk is gone");
        }));

        RpcException exception = await server.Channel.CheckFailsAsync();

        Assert.Equal((StatusCode.DataLoss, "the disk is gone"), (exception.Code, exception.Status.Message));
    }

    [Fact]
    public async Task The_unknown_is_logged_once_and_told_without_internals()
    {
        var log = new RecordingLogger();
        await using TestServer server = await TestServer.StartAsync([Failing(new InvalidTimeZoneException("secret"))], new RpcServerOptions(), logger: log);

        RpcException exception = await server.Channel.CheckFailsAsync();

        (LogLevel level, string text, Exception? cause) = Assert.Single(log.Entries);
        Assert.Equal(StatusCode.Internal, exception.Code);
        Assert.DoesNotContain("secret", exception.Status.Message, StringComparison.Ordinal);
        Assert.Equal(LogLevel.Error, level);
        Assert.IsType<InvalidTimeZoneException>(cause);
        string traceId = text.Split('(', ')')[1];
        Assert.Contains(traceId, exception.Status.Message, StringComparison.Ordinal);
    }
}
