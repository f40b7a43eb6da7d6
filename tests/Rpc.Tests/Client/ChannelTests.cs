using System.Net;
using System.Net.Sockets;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Client;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Client;

public sealed class ChannelTests
{
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<TestServer> StartHangingAsync() => TestServer.StartAsync(Methods.ServeUnary(async (_, call) =>
    {
        entered.TrySetResult();
        await Task.Delay(Timeout.Infinite, call.CancellationToken);
        return new HealthCheckResponse();
    }));

    /// <summary>A server of HTTP/2 that knows no gRPC.</summary>
    private static async Task<WebApplication> StartWebAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        WebApplication application = builder.Build();
        application.Run(answer);
        await application.StartAsync();
        return application;
    }

    [Fact]
    public async Task A_refused_connection_is_UNAVAILABLE_and_the_message_names_the_address()
    {
        using var unused = new TcpListener(IPAddress.Loopback, 0);
        unused.Start();
        int port = ((IPEndPoint)unused.LocalEndpoint).Port;
        unused.Stop();
        await using var channel = new RpcChannel(RpcAddress.Parse($"127.0.0.1:{port}"));

        RpcException exception = await channel.CheckFailsAsync();

        Assert.Equal(StatusCode.Unavailable, exception.Code);
        Assert.Contains($"cannot connect to grpc://127.0.0.1:{port}: Connection refused", exception.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Writing_to_a_server_that_is_not_there_ends_and_reading_tells_why()
    {
        await using var channel = new RpcChannel(RpcAddress.Parse("unix:/nowhere/at.all"));
        await using RpcClientCall call = channel.Open(Methods.ClientStream, null, Methods.Token);

        Assert.False(await call.WriteAsync(new HealthCheckRequest()));
        await call.CompleteRequestsAsync();
        RpcException read = await Assert.ThrowsAsync<RpcException>(async () => await call.MoveNextAsync());
        RpcException raw = await Assert.ThrowsAsync<RpcException>(async () => await call.GetRequestsAsync());

        Assert.Equal(StatusCode.Unavailable, read.Code);
        Assert.Contains("unix:/nowhere/at.all", read.Status.Message, StringComparison.Ordinal);
        Assert.Equal(read.Status, raw.Status);
    }

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(500, StatusCode.Unknown)]
    public async Task An_answer_of_a_mere_web_server_becomes_a_status(int http, StatusCode code)
    {
        await using WebApplication web = await StartWebAsync(context =>
        {
            context.Response.StatusCode = http;
            return Task.CompletedTask;
        });
        await using var channel = new RpcChannel(RpcAddress.Parse(web.Urls.First()));

        Assert.Equal(code, (await channel.CheckFailsAsync()).Code);
    }

    [Theory]
    [InlineData("text/html", StatusCode.Unknown)]
    [InlineData("application/grpc", StatusCode.Unknown)]
    public async Task An_answer_without_a_status_is_UNKNOWN(string contentType, StatusCode code)
    {
        await using WebApplication web = await StartWebAsync(context =>
        {
            context.Response.ContentType = contentType;
            return Task.CompletedTask;
        });
        await using var channel = new RpcChannel(RpcAddress.Parse(web.Urls.First()));

        Assert.Equal(code, (await channel.CheckFailsAsync()).Code);
    }

    [Theory]
    [InlineData(2, StatusCode.Internal)]
    [InlineData(7, StatusCode.Unavailable)]
    [InlineData(8, StatusCode.Cancelled)]
    [InlineData(11, StatusCode.ResourceExhausted)]
    [InlineData(12, StatusCode.PermissionDenied)]
    public async Task A_reset_becomes_a_status_by_its_code(int http2, StatusCode code)
    {
        await using WebApplication web = await StartWebAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.FlushAsync();
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(http2);
        });
        await using var channel = new RpcChannel(RpcAddress.Parse(web.Urls.First()));

        Assert.Equal(code, (await channel.CheckFailsAsync()).Code);
    }

    [Fact]
    public async Task The_callers_token_ends_a_call_by_cancellation()
    {
        await using TestServer server = await StartHangingAsync();
        using var caller = new CancellationTokenSource();

        Task call = server.Channel.UnaryAsync<HealthCheckRequest, HealthCheckResponse>(Methods.Unary, new(), caller.Token);
        await entered.Task.WaitAsync(Methods.Token);
        await caller.CancelAsync();

        OperationCanceledException exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(caller.Token, exception.CancellationToken);
    }

    [Fact]
    public async Task A_timeout_ends_a_call_by_DEADLINE_EXCEEDED()
    {
        await using TestServer server = await StartHangingAsync();

        RpcException exception = await server.Channel.CheckFailsAsync(new() { Timeout = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(StatusCode.DeadlineExceeded, exception.Code);
    }

    [Fact]
    public async Task Closing_the_channel_ends_the_calls_under_way()
    {
        await using TestServer server = await StartHangingAsync();
        var channel = new RpcChannel(RpcAddress.Parse(server.Url.ToString()));

        Task<RpcException> call = channel.CheckFailsAsync();
        await entered.Task.WaitAsync(Methods.Token);
        await channel.DisposeAsync();

        Assert.Equal(StatusCode.Cancelled, (await call).Code);
    }

    [Fact]
    public async Task A_server_that_comes_back_is_found_again()
    {
        string directory = Directory.CreateTempSubdirectory("rpc-").FullName;
        string path = Path.Combine(directory, "s");
        await using var channel = new RpcChannel(RpcAddress.Parse($"unix:{path}"));
        for (int round = 0; round < 2; round++)
        {
            await using TestServer server = await TestServer.StartAsync(
                [Methods.ServeUnary((_, _) => Task.FromResult(new HealthCheckResponse()))], new(),
                kestrel => kestrel.ListenUnixSocket(path, listen => listen.Protocols = HttpProtocols.Http2));

            Assert.NotNull(await CheckOnceItIsNoticedAsync());
        }

        Assert.Equal(StatusCode.Unavailable, (await channel.CheckFailsAsync()).Code);
        Directory.Delete(directory);

        // The end of the first server's connection may reach the client only with its next call, which then is UNAVAILABLE: once.
        async Task<HealthCheckResponse> CheckOnceItIsNoticedAsync()
        {
            try
            {
                return await channel.CheckAsync();
            }
            catch (RpcException exception) when (exception.Code == StatusCode.Unavailable)
            {
                return await channel.CheckAsync();
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_unary_method_must_answer_exactly_one_message(int count)
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeRaw(call =>
        {
            for (int i = 0; i < count; i++)
                call.Responses.Write(new HealthCheckResponse());
            return Task.CompletedTask;
        }));

        Assert.Equal(StatusCode.Internal, (await server.Channel.CheckFailsAsync()).Code);
    }

    [Fact]
    public async Task A_response_that_does_not_parse_or_is_too_long_is_an_error()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeRaw(async call =>
        {
            await call.Requests.ReadSingleAsync(call.CancellationToken);
            call.Responses.Start(100);
            call.Responses.GetSpan(100)[..100].Fill(255);
            call.Responses.Advance(100);
        }));
        await using var strict = new RpcChannel(RpcAddress.Parse(server.Url.ToString()), new() { MaxResponseMessageBytes = 99 });

        Assert.Equal(StatusCode.Internal, (await server.Channel.CheckFailsAsync()).Code);
        Assert.Equal(StatusCode.ResourceExhausted, (await strict.CheckFailsAsync()).Code);
    }

    [Fact]
    public async Task Headers_of_the_channel_and_of_the_call_are_sent()
    {
        string? seen = null;
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((_, call) =>
        {
            seen = $"{call.GetRequestHeader("x-channel")} {call.GetRequestHeader("x-call")} {call.GetRequestHeader("te")}";
            return Task.FromResult(new HealthCheckResponse());
        }));
        await using var channel = new RpcChannel(RpcAddress.Parse(server.Url.ToString()), new() { Headers = new() { { "x-channel", "a" } } });

        await channel.CheckAsync(options: new() { Headers = new() { { "x-call", "b" } } });

        Assert.Equal("a b trailers", seen);
    }

    [Fact]
    public async Task Calls_that_fail_or_are_dropped_leave_no_unobserved_exception()
    {
        var unobserved = new System.Collections.Concurrent.ConcurrentQueue<Exception>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs args)
        {
            foreach (Exception exception in args.Exception.Flatten().InnerExceptions.Where(each => each.ToString().Contains("RemoteExec.Rpc.Client", StringComparison.Ordinal)))
                unobserved.Enqueue(exception);
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await FailAsync();
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        Assert.Empty(unobserved);

        async Task FailAsync()
        {
            await using TestServer server = await StartHangingAsync();
            await using var nowhere = new RpcChannel(RpcAddress.Parse("unix:/nowhere/at.all"));
            foreach (RpcChannel channel in (RpcChannel[])[server.Channel, nowhere])
            {
                await channel.Open(Methods.ClientStream, null, Methods.Token).DisposeAsync();
                await channel.Send(Methods.Unary, new HealthCheckRequest(), null, Methods.Token).DisposeAsync();
                RpcClientCall written = channel.Open(Methods.ClientStream, null, Methods.Token);
                while (await written.WriteAsync(new HealthCheckRequest { Service = new string('x', 100_000) }))
                    continue;
                await written.DisposeAsync();
            }
        }
    }
}
