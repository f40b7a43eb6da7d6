using System.Net;
using System.Net.Sockets;
using System.Text;
using RemoteExec.TestKit;

namespace RemoteExec.ActionCache.Tests.Services;

/// <summary>Paths that mean something else than they seem to: sent as they are, since clients would tidy them up.</summary>
public sealed class HttpPathTrickTests : IAsyncLifetime
{
    private static readonly TestBlob blob = TestBlob.Of("tricks"u8.ToArray());
    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task<HttpStatusCode> SendAsync(string method, string path, bool withBody)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Http.BaseAddress!.Port, Token);
        NetworkStream wire = client.GetStream();
        string body = withBody ? Encoding.Latin1.GetString(blob.Content) : "";
        await wire.WriteAsync(Encoding.Latin1.GetBytes($"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}"), Token);
        using var reader = new StreamReader(wire, Encoding.Latin1);
        string status = await reader.ReadLineAsync(Token) ?? throw new IOException("no answer");
        return (HttpStatusCode)int.Parse(status.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Theory]
    [InlineData("/a/../cas/", "/cas/")]
    [InlineData("/a/%2e%2e/cas/", "/cas/")]
    [InlineData("/a/.%2E/./cas/", "/cas/")]
    [InlineData("/a/b/../cas/", "/a/cas/")]
    [InlineData("/../../cas/", "/cas/")]
    [InlineData("/a%2fb/cas/", "/a%2fb/cas/")] // no slash: a segment that has one in it is not two
    [InlineData("/%252e%252e/cas/", "/%252e%252e/cas/")] // is taken out once
    [InlineData("/%c0%ae%c0%ae/cas/", "/%c0%ae%c0%ae/cas/")] // overlong
    [InlineData("/a%5c..%5cb/cas/", "/a%5c..%5cb/cas/")]
    [InlineData("/A/cas/", "/A/cas/")]
    [InlineData("/%c3%a9/cas/", "/%c3%a9/cas/")]
    [InlineData("/e%cc%81/cas/", "/e%cc%81/cas/")] // another way to write it
    [InlineData("/a%20/cas/", "/a%20/cas/")]
    public async Task What_is_written_by_such_a_path_is_in_one_instance_and_in_no_other(string path, string same)
    {
        string[] all = ["/cas/", "/a/cas/", "/b/cas/", "/a/b/cas/", "/A/cas/", "/%c3%a9/cas/", "/e%cc%81/cas/", "/%252e%252e/cas/"];

        Assert.Equal(HttpStatusCode.Created, await SendAsync("PUT", path + blob.Digest.Hash, withBody: true));

        Assert.Equal(HttpStatusCode.OK, await SendAsync("GET", same + blob.Digest.Hash, withBody: false));
        foreach (string other in all.Where(other => other != same))
            Assert.Equal(HttpStatusCode.NotFound, await SendAsync("GET", other + blob.Digest.Hash, withBody: false));
    }

    [Theory]
    [InlineData("/a%00/cas/")]
    [InlineData("/a\0/cas/")]
    [InlineData("/a%0ab/cas/")]
    [InlineData("/a%0d%0aX-Injected:%20y/cas/")]
    [InlineData("/a%1b%5b2J/cas/")]
    [InlineData("/a//cas/")]
    [InlineData("/uploads/cas/")]
    [InlineData("/cas/..%2f")]
    public async Task What_can_be_no_instance_is_refused(string path) =>
        Assert.Equal(HttpStatusCode.BadRequest, await SendAsync("PUT", path + blob.Digest.Hash, withBody: true));

    [Fact]
    public async Task An_instance_longer_than_any_is_not_the_cache_s() =>
        Assert.Equal(HttpStatusCode.NotFound, await SendAsync("PUT", $"/{new string('a', 5000)}/cas/{blob.Digest.Hash}", withBody: true));
}
