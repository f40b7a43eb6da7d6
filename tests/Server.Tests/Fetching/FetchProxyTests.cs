using System.Net;
using System.Net.Sockets;
using System.Text;
using RemoteExec.Fetching;

namespace RemoteExec.Server.Tests.Fetching;

public sealed class FetchProxyTests : IAsyncLifetime
{
    private readonly TcpListener server = new(IPAddress.Loopback, 0);
    private readonly FetchProxy proxy = new(new FetchableAddresses(allowsPrivate: true), maxBytes: 1000);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string ServerAddress => $"{server.LocalEndpoint}";

    public ValueTask InitializeAsync()
    {
        server.Start();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await proxy.DisposeAsync();
        server.Dispose();
    }

    [Fact]
    public async Task It_carries_bytes_there_and_back()
    {
        using TcpClient client = await AskAsync($"CONNECT {ServerAddress} HTTP/1.1\r\nHost: {ServerAddress}\r\nproxy-authorization: Basic {Secret()}\r\n\r\n");
        using Socket other = await server.AcceptSocketAsync(Token);

        Assert.Equal("HTTP/1.1 200 Connection established", await ReadHeadAsync(client));
        await client.GetStream().WriteAsync("ping"u8.ToArray(), Token);
        Assert.Equal("ping", await ReadAsync(new NetworkStream(other), 4));
        await other.SendAsync("pong"u8.ToArray(), Token);
        Assert.Equal("pong", await ReadAsync(client.GetStream(), 4));
        Assert.Null(proxy.Failure);
        other.Close();
        Assert.Equal(0, await client.GetStream().ReadAsync(new byte[1], Token));
    }

    [Fact]
    public async Task It_carries_no_more_than_it_may()
    {
        using TcpClient client = await AskAsync($"CONNECT {ServerAddress} HTTP/1.1\r\nProxy-Authorization: Basic {Secret()}\r\n\r\n");
        using Socket other = await server.AcceptSocketAsync(Token);
        await ReadHeadAsync(client);

        await other.SendAsync(new byte[1001], Token);
        var all = new MemoryStream();
        await client.GetStream().CopyToAsync(all, Token);

        Assert.InRange(all.Length, 0, 1000);
        Assert.Equal(FetchFailure.TooLong, proxy.Failure?.Failure);
    }

    [Theory]
    [InlineData("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "407")]
    [InlineData("CONNECT 127.0.0.1:1 HTTP/1.1\r\nProxy-Authorization: Basic ZmV0Y2g6\r\n\r\n", "407")]
    [InlineData("GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n", "400")]
    [InlineData("CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n", "400")]
    [InlineData("CONNECT 127.0.0.1:99999 HTTP/1.1\r\n\r\n", "400")]
    [InlineData("CONNECT :1 HTTP/1.1\r\n\r\n", "400")]
    [InlineData("CONNECT\r\n\r\n", "400")]
    public async Task Whoever_has_no_business_with_it_gets_nowhere(string request, string code)
    {
        using TcpClient client = await AskAsync(request);

        Assert.StartsWith($"HTTP/1.1 {code} ", await ReadHeadAsync(client), StringComparison.Ordinal);
        Assert.Null(proxy.Failure);
    }

    [Theory]
    [InlineData("169.254.169.254:443")]
    [InlineData("[::ffff:169.254.169.254]:443")]
    [InlineData("[fd00:ec2::254]:443")]
    [InlineData("0.0.0.0:443")]
    [InlineData("0251.0376.0251.0376:443")] // numbers of eight, as some write addresses
    [InlineData("2852039166:443")]
    public async Task Nothing_is_carried_to_where_nothing_may_be_fetched_from(string address)
    {
        using TcpClient client = await AskAsync($"CONNECT {address} HTTP/1.1\r\nProxy-Authorization: Basic {Secret()}\r\n\r\n");

        Assert.Equal("HTTP/1.1 403 Forbidden", await ReadHeadAsync(client));
        Assert.Equal(FetchFailure.Refused, proxy.Failure?.Failure);
    }

    [Fact]
    public async Task A_name_that_no_machine_can_have_is_told()
    {
        using TcpClient client = await AskAsync($"CONNECT {new string('a', 300)}:443 HTTP/1.1\r\nProxy-Authorization: Basic {Secret()}\r\n\r\n");

        Assert.Equal("HTTP/1.1 403 Forbidden", await ReadHeadAsync(client));
        Assert.Equal(FetchFailure.Absent, proxy.Failure?.Failure);
    }

    [Fact]
    public async Task Connections_end_with_it()
    {
        var own = new FetchProxy(new FetchableAddresses(allowsPrivate: true), 1000);
        using TcpClient silent = await AskAsync("CONN", own), carried = await AskAsync($"CONNECT {ServerAddress} HTTP/1.1\r\nProxy-Authorization: Basic {Secret(own)}\r\n\r\n", own);
        await ReadHeadAsync(carried);

        await own.DisposeAsync();

        Assert.Equal(0, await carried.GetStream().ReadAsync(new byte[1], Token));
        await Assert.ThrowsAnyAsync<SocketException>(() => AskAsync("", own));
    }

    private string Secret(FetchProxy? of = null) => Convert.ToBase64String(Encoding.Latin1.GetBytes(new Uri((of ?? proxy).Address).UserInfo));

    private async Task<TcpClient> AskAsync(string request, FetchProxy? of = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, new Uri((of ?? proxy).Address).Port, Token);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Token);
        return client;
    }

    private static async Task<string> ReadHeadAsync(TcpClient client)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append(await ReadAsync(client.GetStream(), 1));
        return head.ToString().Split("\r\n")[0];
    }

    private static async Task<string> ReadAsync(NetworkStream stream, int count)
    {
        byte[] buffer = new byte[count];
        await stream.ReadExactlyAsync(buffer, Token);
        return Encoding.Latin1.GetString(buffer);
    }
}
