using Google.Bytestream;
using Grpc.Health.V1;
using RemoteExec.Rpc.Server.Limits;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server.Limits;

/// <summary>What no proper client does, by frames made by hand: the server goes on answering others, and has everything back.</summary>
public sealed class HostileConnectionTests
{
    // SETTINGS_INITIAL_WINDOW_SIZE = 0: nothing of any answer may be sent.
    private static readonly byte[] noWindow = [0, 4, 0, 0, 0, 0];

    private static readonly ConnectionLimits impatient = new() { StallTime = TimeSpan.FromSeconds(1) };

    private static async Task AssertClosedAtOnceAsync(GuardedServer server)
    {
        try
        {
            using RawHttp2 oneTooMany = await RawHttp2.ConnectAsync(server.Url);
            await oneTooMany.WaitForEndAsync();
        }
        catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
        {
            // So soon that it shows while the first bytes are sent.
        }

        Assert.Equal(1, server.Gate.Refused);
    }

    private static byte[] Number(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];

    [Fact]
    public async Task Who_breaks_off_call_after_call_is_disconnected()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient with { MaxResets = 1000, ResetsPerSecond = 1 });
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);
        byte[] headers = RawHttp2.HeaderBlock(Methods.Unary);

        Task end = stranger.WaitForEndAsync();
        for (int stream = 1; !end.IsCompleted; stream += 2)
        {
            try
            {
                await stranger.SendAsync((byte[])[.. RawHttp2.Frame(RawHttp2.Headers, RawHttp2.EndHeaders, stream, headers), .. RawHttp2.Frame(RawHttp2.ResetStream, 0, stream, Number(8))]);
            }
            catch (IOException)
            {
                break;
            }
        }

        await end;
        await server.AssertServesOthersAsync();
        await server.WaitForMemoryAsync();
    }

    [Fact]
    public async Task Who_breaks_off_what_others_do_not_finish_either_stays_connected()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient with { MaxResets = 1000, ResetsPerSecond = 1 });
        using RawHttp2 client = await RawHttp2.ConnectAsync(server.Url);

        for (int stream = 1; stream < 800; stream += 2)
        {
            await client.BeginAsync(stream, Methods.Unary);
            await client.WriteAsync(RawHttp2.ResetStream, 0, stream, Number(8));
        }

        await client.PingAsync(7);
        Assert.Equal(RawHttp2.Ping, (await client.ReadAsync()).Type);
        Assert.Equal(0, server.Gate.Closed);
    }

    [Fact]
    public async Task Headers_that_never_end_end_the_connection()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);
        byte[] more = [0x00, 1, (byte)'x', 100, .. Enumerable.Repeat((byte)'y', 100)];

        await stranger.WriteAsync(RawHttp2.Headers, 0, 1, RawHttp2.HeaderBlock(Methods.Unary));
        Task end = stranger.WaitForEndAsync();
        try
        {
            while (!end.IsCompleted)
                await stranger.WriteAsync(RawHttp2.Continuation, 0, 1, more);
        }
        catch (IOException)
        {
            // It is closed.
        }

        await end;
        await server.AssertServesOthersAsync();
        await server.WaitForMemoryAsync();
    }

    [Fact]
    public async Task Headers_that_come_too_slowly_end_the_connection()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);

        await stranger.WriteAsync(RawHttp2.Headers, 0, 1, RawHttp2.HeaderBlock(Methods.Unary));

        await stranger.WaitForEndAsync();
    }

    [Fact]
    public async Task A_body_that_does_not_come_ends_the_call_and_not_the_connection()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);

        await stranger.BeginAsync(1, Methods.Unary);
        await stranger.WriteAsync(RawHttp2.Data, 0, 1, 0, 0, 0, 0, 100, 1);

        (byte type, _, byte[] headers) = await stranger.ReadAsync();
        Assert.Equal(RawHttp2.Headers, type);
        Assert.Contains("grpc-status", System.Text.Encoding.ASCII.GetString(headers), StringComparison.Ordinal);
        await stranger.PostAsync(3, Methods.Unary, "http", RawHttp.Frame(new HealthCheckRequest()));
        while ((await stranger.ReadAsync()).Type != RawHttp2.Data)
        {
        }

        await server.WaitForMemoryAsync();
    }

    [Fact]
    public async Task A_stream_that_may_rest_is_left_alone_between_its_messages()
    {
        var resting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using GuardedServer server = await GuardedServer.StartAsync(impatient, services: Methods.ServeClientStream(async (requests, call) =>
        {
            call.Requests.MayRest = true;
            await foreach (WriteRequest _ in requests)
                resting.TrySetResult();
            return new WriteResponse { CommittedSize = 7 };
        }));
        using RawHttp2 client = await RawHttp2.ConnectAsync(server.Url);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);

        await client.BeginAsync(1, Methods.ClientStream);
        await client.WriteAsync(RawHttp2.Data, 0, 1, RawHttp.Frame(new WriteRequest()));
        await resting.Task.WaitAsync(Methods.Token);
        await stranger.BeginAsync(1, Methods.ClientStream);
        await stranger.WriteAsync(RawHttp2.Data, 0, 1, 0, 0);
        Assert.Equal(RawHttp2.Headers, (await stranger.ReadAsync()).Type); // it began later, and owed the rest of a message
        await client.WriteAsync(RawHttp2.Data, RawHttp2.EndStream, 1);

        Assert.Equal(RawHttp2.Headers, (await client.ReadAsync()).Type);
        Assert.Equal(RawHttp.Frame(new WriteResponse { CommittedSize = 7 }), (await client.ReadAsync()).Payload);
    }

    [Fact]
    public async Task An_answer_that_nobody_takes_is_dropped()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient, services:
        [
            Methods.ServeUnary((_, _) => Task.FromResult(GuardedServer.Serving)),
            Methods.ServeClientStream(async (requests, call) =>
            {
                await foreach (WriteRequest _ in requests)
                    continue;
                while (true)
                {
                    call.Responses.Write(new WriteResponse { CommittedSize = long.MaxValue });
                    await call.Responses.FlushAsync(call.CancellationToken);
                }
            }),
        ]);

        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url, noWindow);
        await stranger.PostAsync(1, Methods.ClientStream, "http", RawHttp.Frame(new WriteRequest()));

        List<byte> types = [];
        while (!types.Contains(RawHttp2.ResetStream))
            types.Add((await stranger.ReadAsync()).Type);
        Assert.DoesNotContain(RawHttp2.Data, types);
        await server.AssertServesOthersAsync();
        await server.WaitForMemoryAsync();
    }

    [Fact]
    public async Task Answers_of_calls_that_have_ended_and_that_nobody_takes_end_the_connection()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url, noWindow);

        for (int stream = 1; stream < 20; stream += 2)
            await stranger.PostAsync(stream, Methods.Unary, "http", RawHttp.Frame(new HealthCheckRequest()));

        await stranger.WaitForEndAsync();
        await server.AssertServesOthersAsync();
        await server.WaitForMemoryAsync();
        Assert.Equal(1, server.Gate.Closed);
    }

    [Theory]
    [InlineData(RawHttp2.Ping)]
    [InlineData(RawHttp2.Settings)]
    public async Task Floods_of_what_has_to_be_acknowledged_are_held_back_by_TCP(byte type)
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient);
        using RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);
        byte[] frame = type == RawHttp2.Ping ? RawHttp2.Frame(type, 0, 0, new byte[8]) : RawHttp2.Frame(type, 0, 0, 0, 3, 0, 0, 0, 100);
        byte[] many = [.. Enumerable.Repeat(frame, 4000).SelectMany(bytes => bytes)];

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(Methods.Token);
        Task flood = FloodAsync(stranger, many, enough.Token);
        for (int i = 0; i < 50; i++)
            await server.AssertServesOthersAsync();
        await server.WaitForMemoryAsync(8 << 20); // of which the stranger has what its sockets may hold
        await enough.CancelAsync();
        await flood;

        static async Task FloodAsync(RawHttp2 stranger, byte[] many, CancellationToken enough)
        {
            try
            {
                while (true)
                    await stranger.SendAsync(many).WaitAsync(enough);
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // It does not read what is sent to it: at some point it can't send either, or is closed.
            }
        }
    }

    [Fact]
    public async Task Thousands_of_idle_connections_are_borne_and_one_too_many_is_closed()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new ConnectionLimits { MaxConnections = 3000, MaxPerAddress = 3000 });
        await server.AssertServesOthersAsync(); // over a connection of its own
        List<RawHttp2> idle = [];
        for (int i = 1; i < 3000; i++)
            idle.Add(await RawHttp2.ConnectAsync(server.Url));
        await idle[^1].PingAsync(1);
        Assert.Equal(RawHttp2.Ping, (await idle[^1].ReadAsync()).Type);

        await AssertClosedAtOnceAsync(server);
        await server.AssertServesOthersAsync();
        Assert.InRange(server.Memory.Used, 0, 3000L * 64 * 1024); // the transport keeps a block for some of them
        idle.ForEach(connection => connection.Dispose());

        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (server.Gate.Open > 1)
            await Task.Delay(20, patience.Token);
        await server.WaitForMemoryAsync();
        using RawHttp2 later = await RawHttp2.ConnectAsync(server.Url);
        await later.PingAsync(1);
        Assert.Equal(RawHttp2.Ping, (await later.ReadAsync()).Type);
    }

    [Fact]
    public async Task An_address_has_only_its_share_of_the_connections()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(new ConnectionLimits { MaxConnections = 100, MaxPerAddress = 1 });
        using RawHttp2 first = await RawHttp2.ConnectAsync(server.Url);
        await first.PingAsync(1);
        Assert.Equal(RawHttp2.Ping, (await first.ReadAsync()).Type);

        await AssertClosedAtOnceAsync(server);
    }

    [Fact]
    public async Task Half_open_streams_take_no_more_than_the_budget_and_are_ended()
    {
        await using GuardedServer server = await GuardedServer.StartAsync(impatient, memory: 32 << 20, useOf: method => method == Methods.Unary ? MemoryUse.LookUp : MemoryUse.Write, services:
        [
            Methods.ServeUnary((_, _) => Task.FromResult(GuardedServer.Serving)),
            Methods.ServeClientStream(async (requests, call) =>
            {
                await foreach (WriteRequest _ in requests)
                    continue;
                return new WriteResponse();
            }),
        ]);
        List<RawHttp2> strangers = [];
        for (int i = 0; i < 4; i++)
        {
            RawHttp2 stranger = await RawHttp2.ConnectAsync(server.Url);
            strangers.Add(stranger);
            try
            {
                for (int stream = 1; stream < 1000; stream += 2)
                {
                    await stranger.BeginAsync(stream, Methods.ClientStream);
                    await stranger.WriteAsync(RawHttp2.Data, 0, stream, 0);
                }
            }
            catch (IOException)
            {
                // It held more than others when there was no more.
            }

            Assert.InRange(server.Memory.Used, 0, 64 << 20);
            await server.AssertServesOthersAsync();
        }

        await server.WaitForMemoryAsync();
        strangers.ForEach(stranger => stranger.Dispose());
    }
}
