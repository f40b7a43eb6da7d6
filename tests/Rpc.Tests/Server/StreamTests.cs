using Google.Bytestream;
using Google.Protobuf;
using Grpc.Health.V1;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class StreamTests
{
    private static readonly WriteRequest Chunk = new() { Data = ByteString.CopyFrom(new byte[64 * 1024]) };

    private readonly TaskCompletionSource entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    [Rule("BSW-07")]
    public async Task A_handler_may_answer_well_before_it_has_read_all_requests()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeClientStream(async (requests, call) =>
        {
            await foreach (WriteRequest request in requests)
                return new WriteResponse { CommittedSize = 123 };
            throw new RpcException(StatusCode.Internal, "no request");
        }));

        for (int round = 0; round < 10; round++)
        {
            await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);

            // Far more than the windows: only the end of the call ends this.
            while (await call.WriteAsync(Chunk))
                continue;

            Assert.Equal(123, (await call.ReadAsync<WriteResponse>())?.CommittedSize);
            Assert.Null(await call.ReadAsync<WriteResponse>());
        }
    }

    [Fact]
    public async Task A_refusal_reaches_a_client_that_is_still_sending()
    {
        await using TestServer server = await TestServer.StartAsync(Methods.ServeClientStream(
            (_, _) => throw new RpcException(StatusCode.ResourceExhausted, "no quota")));

        for (int round = 0; round < 10; round++)
        {
            await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);
            while (await call.WriteAsync(Chunk))
                continue;
            RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync<WriteResponse>());

            Assert.Equal((StatusCode.ResourceExhausted, "no quota"), (exception.Code, exception.Status.Message));
        }
    }

    [Fact]
    public async Task The_connection_goes_on_after_uploads_that_were_cut_short()
    {
        await using TestServer server = await TestServer.StartAsync(
            Methods.ServeClientStream((_, _) => Task.FromResult(new WriteResponse())),
            Methods.ServeUnary((_, call) => Task.FromResult(new HealthCheckResponse { Status = (HealthCheckResponse.Types.ServingStatus)1 })));

        // What was sent and never read must go back to the connection's window, or it is used up after a few rounds.
        for (int round = 0; round < 20; round++)
        {
            await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);
            for (int i = 0; i < 40 && await call.WriteAsync(Chunk); i++)
                continue;
            Assert.NotNull(await call.ReadAsync<WriteResponse>());
        }

        Assert.Equal((HealthCheckResponse.Types.ServingStatus)1, (await server.Channel.CheckAsync()).Status);
    }

    [Fact]
    public async Task A_thousand_calls_run_on_one_connection_at_once()
    {
        const int Calls = 1000;
        int waiting = 0;
        var connections = new System.Collections.Concurrent.ConcurrentDictionary<string, bool>();
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary(async (request, call) =>
        {
            if (request.Service == "first")
                return new HealthCheckResponse();
            connections[call.Peer] = true;
            if (Interlocked.Increment(ref waiting) == Calls)
                entered.SetResult();
            await entered.Task;
            return new HealthCheckResponse();
        }));

        await server.Channel.CheckAsync("first"); // tells the client how many it may send
        HealthCheckResponse[] responses = await Task.WhenAll(Enumerable.Range(0, Calls).Select(_ => server.Channel.CheckAsync()));

        Assert.Equal(Calls, responses.Length);
        Assert.Single(connections);
    }

    public enum Farewell
    {
        DisposesCall,
        CancelsToken,
        DisposesChannel,
    }

    [Theory]
    [InlineData(Farewell.DisposesCall)]
    [InlineData(Farewell.CancelsToken)]
    [InlineData(Farewell.DisposesChannel)]
    public async Task A_client_that_goes_cancels_the_handler(Farewell farewell)
    {
        var log = new RecordingLogger();
        await using TestServer server = await TestServer.StartAsync(
            [Methods.ServeUnary(async (_, call) =>
            {
                await using CancellationTokenRegistration registration = call.CancellationToken.Register(cancelled.SetResult);
                entered.SetResult();
                await cancelled.Task;
                throw new InvalidOperationException("a consequence of the cancellation");
            })],
            new RpcServerOptions(), logger: log);
        using var caller = new CancellationTokenSource();
        await using var channel = new RpcChannel(RpcAddress.Parse(server.Url.ToString()));
        await using RpcClientCall call = channel.Send(Methods.Unary, new HealthCheckRequest(), null, caller.Token);

        await entered.Task.WaitAsync(Methods.Token);
        await (farewell switch
        {
            Farewell.DisposesCall => call.DisposeAsync().AsTask(),
            Farewell.DisposesChannel => channel.DisposeAsync().AsTask(),
            _ => caller.CancelAsync(),
        });

        await cancelled.Task.WaitAsync(Methods.Token);
        await server.DisposeAsync();
        Assert.All(log.Entries, entry => Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, entry.Level));
    }

    [Theory]
    [Rule("BSW-17")]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_breaks_its_upload_off_is_not_taken_for_one_that_has_finished(bool heedsToken)
    {
        var end = new TaskCompletionSource<Exception?>();
        var log = new RecordingLogger();
        RpcService service = new RpcService(BytestreamReflection.Descriptor, "ByteStream").Raw("Write", async call =>
        {
            try
            {
                while (await call.Requests.MoveNextAsync(heedsToken ? call.CancellationToken : CancellationToken.None))
                    entered.TrySetResult();
                end.SetResult(null);
            }
            catch (Exception exception)
            {
                end.SetResult(exception);
                throw;
            }
        });
        await using TestServer server = await TestServer.StartAsync([service], new RpcServerOptions(), logger: log);
        RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);

        await call.WriteAsync(Chunk);
        await entered.Task.WaitAsync(Methods.Token);
        await call.DisposeAsync();

        Assert.IsAssignableFrom<OperationCanceledException>(await end.Task.WaitAsync(Methods.Token));
        await server.DisposeAsync();
        Assert.All(log.Entries, entry => Assert.Equal(Microsoft.Extensions.Logging.LogLevel.Debug, entry.Level));
    }

    [Fact]
    public async Task Messages_that_together_exceed_the_connections_window_arrive_side_by_side()
    {
        const int calls = 64;
        await using TestServer server = await TestServer.StartAsync(Methods.ServeUnary((request, _) =>
            Task.FromResult(new HealthCheckResponse { Status = (HealthCheckResponse.Types.ServingStatus)request.Service.Length })));

        // Each has a part of the window and waits for the rest of its message: if parts gave nothing back, they would wait for each other.
        string[] services = [.. Enumerable.Range(0, calls).Select(i => new string('x', (2 * 1024 * 1024) + i))];
        HealthCheckResponse[] answers = await Task.WhenAll(services.Select(service => server.Channel.CheckAsync(service)))
            .WaitAsync(TimeSpan.FromMinutes(1), Methods.Token);

        Assert.Equal(services.Select(service => service.Length), answers.Select(answer => (int)answer.Status));
    }
}
