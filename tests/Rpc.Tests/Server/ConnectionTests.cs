using Grpc.Health.V1;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class ConnectionTests
{
    private static Task<TestServer> StartAsync() =>
        TestServer.StartAsync(Methods.ServeUnary((_, _) => Task.FromResult(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving })));

    [Fact]
    [Rule("Q-19")]
    public async Task Pings_of_an_idle_connection_are_answered_however_many_come()
    {
        await using TestServer server = await StartAsync();
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Url);

        for (byte i = 0; i < 200; i++)
        {
            await connection.PingAsync(i);
            (byte type, byte flags, byte[] payload) = await connection.ReadAsync();
            Assert.Equal((RawHttp2.Ping, 1, i), (type, flags, payload[7]));
        }
    }

    [Fact]
    [Rule("Q-19")]
    public async Task A_client_may_have_a_hundred_connections()
    {
        await using TestServer server = await StartAsync();
        RawHttp2[] connections = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => RawHttp2.ConnectAsync(server.Url)));

        foreach (RawHttp2 connection in connections)
        {
            await connection.PingAsync(1);
            Assert.Equal(RawHttp2.Ping, (await connection.ReadAsync()).Type);
        }

        Array.ForEach(connections, connection => connection.Dispose());
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_proxy_that_ends_TLS_may_pass_its_scheme_on(string scheme)
    {
        await using TestServer server = await StartAsync();
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Url);

        await connection.PostAsync(1, Methods.Unary, scheme, RawHttp.Frame(new HealthCheckRequest()));

        Assert.Equal(RawHttp2.Headers, (await connection.ReadAsync()).Type);
        Assert.Equal(RawHttp.Frame(new HealthCheckResponse { Status = HealthCheckResponse.Types.ServingStatus.Serving }), (await connection.ReadAsync()).Payload);
    }

    [Fact]
    public async Task A_whole_call_ends_without_a_reset()
    {
        await using TestServer server = await StartAsync();
        using RawHttp2 connection = await RawHttp2.ConnectAsync(server.Url);

        await connection.PostAsync(1, Methods.Unary, "http", RawHttp.Frame(new HealthCheckRequest()));
        var types = new List<byte>();
        while (types.Count(type => type == RawHttp2.Headers) < 2)
            types.Add((await connection.ReadAsync()).Type);
        await connection.PingAsync(9); // a reset would come before its answer
        while (!types.Contains(RawHttp2.Ping))
            types.Add((await connection.ReadAsync()).Type);

        Assert.Equal([RawHttp2.Headers, RawHttp2.Data, RawHttp2.Headers, RawHttp2.Ping], types);
    }
}
