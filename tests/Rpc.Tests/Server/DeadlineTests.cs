using Google.Bytestream;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

/// <summary>The server's clock is driven; the client sends a timeout but keeps none itself, so that what arrives is the server's word.</summary>
public sealed class DeadlineTests
{
    private static readonly RpcCallOptions TenSeconds = new() { Headers = new() { { "grpc-timeout", "10S" } } };
    private readonly ManualTimeProvider time = new();
    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<TestServer> StartAsync(RpcService service) => TestServer.StartAsync([service], new RpcServerOptions(), time: time);

    private async Task PassAsync(bool grace)
    {
        await entered.Task.WaitAsync(Methods.Token);
        time.Advance(TimeSpan.FromSeconds(10));
        if (grace)
            time.Advance(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_handler_that_heeds_its_token_ends_at_the_deadline()
    {
        DateTimeOffset? deadline = null;
        DateTimeOffset expected = time.GetUtcNow() + TimeSpan.FromSeconds(10);
        await using TestServer server = await StartAsync(Methods.ServeUnary(async (_, call) =>
        {
            deadline = call.Deadline;
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, call.CancellationToken);
            return new HealthCheckResponse();
        }));

        Task<RpcException> call = server.Channel.CheckFailsAsync(TenSeconds);
        await PassAsync(grace: false);

        Assert.Equal(StatusCode.DeadlineExceeded, (await call).Code);
        Assert.Equal(expected, deadline);
    }

    [Fact]
    public async Task A_call_that_ends_in_time_keeps_no_timer()
    {
        await using TestServer server = await StartAsync(Methods.ServeUnary((_, _) => Task.FromResult(new HealthCheckResponse())));

        await server.Channel.CheckAsync(options: TenSeconds);

        Assert.Equal(0, time.WaitingTimers);
    }

    [Fact]
    public async Task A_timeout_of_nothing_has_passed_at_once()
    {
        await using TestServer server = await StartAsync(Methods.ServeUnary(async (_, call) =>
        {
            await Task.Delay(Timeout.Infinite, call.CancellationToken);
            return new HealthCheckResponse();
        }));

        Task<RpcException> call = server.Channel.CheckFailsAsync(new() { Headers = new() { { "grpc-timeout", "0n" } } });
        while (time.WaitingTimers == 0 && !call.IsCompleted)
            await Task.Yield();
        time.Advance(TimeSpan.Zero);

        Assert.Equal(StatusCode.DeadlineExceeded, (await call).Code);
    }

    [Fact]
    public async Task A_handler_that_ignores_its_token_is_answered_for()
    {
        await using TestServer server = await StartAsync(Methods.ServeUnary(async (_, _) =>
        {
            entered.SetResult();
            await release.Task;
            return new HealthCheckResponse();
        }));

        Task<RpcException> call = server.Channel.CheckFailsAsync(TenSeconds);
        await PassAsync(grace: true);

        Assert.Equal(StatusCode.DeadlineExceeded, (await call).Code);
        release.SetResult();
    }

    [Fact]
    public async Task A_stream_whose_handler_is_stuck_between_messages_gets_its_status_in_the_trailers()
    {
        await using TestServer server = await StartAsync(Methods.ServeStream(async (_, responses, _) =>
        {
            await responses.WriteAsync(new HealthCheckResponse());
            entered.SetResult();
            await release.Task;
            try
            {
                await responses.WriteAsync(new HealthCheckResponse());
            }
            catch (OperationCanceledException)
            {
                left.SetResult();
            }
        }));
        await using RpcClientCall call = server.Channel.Send(Methods.ServerStream, new HealthCheckRequest(), TenSeconds, Methods.Token);

        Assert.NotNull(await call.ReadAsync<HealthCheckResponse>());
        await PassAsync(grace: true);
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync<HealthCheckResponse>());
        release.SetResult();

        Assert.Equal(StatusCode.DeadlineExceeded, exception.Code);
        await left.Task.WaitAsync(Methods.Token); // whoever writes after the end is told so
    }

    [Fact]
    public async Task A_handler_stuck_inside_a_message_has_its_stream_reset()
    {
        await using TestServer server = await StartAsync(Methods.ServeRaw(async call =>
        {
            call.Responses.Start(1000);
            entered.SetResult();
            await release.Task;
        }));

        Task<RpcException> call = server.Channel.CheckFailsAsync(TenSeconds);
        await PassAsync(grace: true);

        Assert.Equal(StatusCode.Cancelled, (await call).Code);
        release.SetResult();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_waiting_for_requests_is_ended_and_the_client_may_stop_sending(bool heedsToken)
    {
        await using TestServer server = await StartAsync(new RpcService(BytestreamReflection.Descriptor, "ByteStream").Raw("Write", async call =>
        {
            try
            {
                Assert.True(await call.Requests.MoveNextAsync(call.CancellationToken));
                entered.SetResult();
                while (await call.Requests.MoveNextAsync(heedsToken ? call.CancellationToken : CancellationToken.None))
                    continue;
            }
            finally
            {
                left.SetResult();
            }
        }));
        await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, TenSeconds, Methods.Token);

        Assert.True(await call.WriteAsync(new WriteRequest { Data = ByteString.CopyFrom(1, 2, 3) }));
        await PassAsync(grace: !heedsToken);
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync<WriteResponse>());

        Assert.Equal(StatusCode.DeadlineExceeded, exception.Code);
        await left.Task.WaitAsync(Methods.Token); // the handler does not wait for requests for ever
        while (await call.WriteAsync(new WriteRequest { Data = ByteString.CopyFrom(1, 2, 3) }))
            await Task.Yield();
    }

    [Fact]
    public async Task A_client_that_reads_nothing_does_not_hold_the_call_up()
    {
        await using TestServer server = await StartAsync(Methods.ServeRaw(async call =>
        {
            try
            {
                for (int i = 0; i < 64; i++)
                {
                    call.Responses.Start(1024 * 1024);
                    call.Responses.GetMemory(1024 * 1024);
                    call.Responses.Advance(1024 * 1024);
                    if (i == 32)
                        entered.SetResult(); // far more than the client's window
                    await call.Responses.FlushAsync(CancellationToken.None);
                }
            }
            finally
            {
                left.SetResult();
            }
        }));
        await using RpcClientCall call = server.Channel.Send(Methods.Unary, new HealthCheckRequest(), TenSeconds, Methods.Token);

        while (!entered.Task.IsCompleted && await call.MoveNextAsync())
            continue;
        time.Advance(TimeSpan.FromSeconds(10));
        for (int i = 0; i < 3; i++)
            time.Advance(TimeSpan.FromSeconds(1));

        await left.Task.WaitAsync(Methods.Token);
    }
}
