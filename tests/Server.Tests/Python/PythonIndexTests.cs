using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Python.Index;
using RemoteExec.Server.Hosting;

namespace RemoteExec.Server.Tests.Python;

/// <summary>Indexes as clients find them over HTTP.</summary>
public sealed class PythonIndexTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private RunningServer server = null!;
    private IndexClient index = null!;

    public async ValueTask InitializeAsync()
    {
        server = await TestServers.StartAsync(data);
        index = new IndexClient(server);
    }

    public async ValueTask DisposeAsync()
    {
        await index.DisposeAsync();
        await server.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task A_page_is_sent_compressed_and_only_to_who_has_not_got_it()
    {
        for (int i = 0; i < 5; i++)
            await index.AddAsync("team", "demo", $"{i}.0");

        (HttpStatusCode status, byte[] body, HttpResponseMessage response) = await index.GetAsync("/pypi/team/simple/demo/", ("accept-encoding", "gzip"), ("accept", "text/html"));
        (HttpStatusCode again, byte[] nothing, _) = await index.GetAsync("/pypi/team/simple/demo/", ("accept-encoding", "gzip"), ("accept", "text/html"), ("if-none-match", response.Headers.ETag!.Tag));

        Assert.Equal((HttpStatusCode.OK, "gzip", "text/html; charset=utf-8"), (status, string.Join(',', response.Content.Headers.ContentEncoding), response.Content.Headers.ContentType!.ToString()));
        using var plain = new StreamReader(new GZipStream(new MemoryStream(body), CompressionMode.Decompress));
        Assert.Contains("demo-4.0-py3-none-any.whl</a>", await plain.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.NotModified, 0), (again, nothing.Length));
        await index.AddAsync("team", "demo", "5.0");
        Assert.Equal(HttpStatusCode.OK, (await index.GetAsync("/pypi/team/simple/demo/", ("accept-encoding", "gzip"), ("accept", "text/html"), ("if-none-match", response.Headers.ETag!.Tag))).Status);
    }

    [Fact]
    public async Task Files_and_their_metadata_are_sent_whole_and_in_parts()
    {
        FileRecord record = await index.AddAsync("team", "demo", "1.0");
        string path = $"/pypi/team/files/demo/{record.Name}";

        (HttpStatusCode status, byte[] body, HttpResponseMessage whole) = await index.GetAsync(path);
        (HttpStatusCode partly, byte[] part, HttpResponseMessage partial) = await index.GetAsync(path, ("range", "bytes=-10"));
        (_, byte[] metadata, _) = await index.GetAsync(path + ".metadata");
        using HttpResponseMessage head = await index.SendAsync(HttpMethod.Head, path);

        Assert.Equal((HttpStatusCode.OK, record.Sha256), (status, Convert.ToHexStringLower(SHA256.HashData(body))));
        Assert.Equal($"\"{record.Sha256}\"", whole.Headers.ETag!.Tag);
        Assert.Equal(HttpStatusCode.PartialContent, partly);
        Assert.Equal(body[^10..], part);
        Assert.Equal($"bytes {record.Size - 10}-{record.Size - 1}/{record.Size}", partial.Content.Headers.ContentRange!.ToString());
        Assert.Equal(record.MetadataSha256, Convert.ToHexStringLower(SHA256.HashData(metadata)));
        Assert.Equal((record.Size, "bytes"), (head.Content.Headers.ContentLength, string.Join(',', head.Headers.AcceptRanges)));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await index.GetAsync(path, ("range", $"bytes={record.Size}-"))).Status);
    }

    [Theory]
    [InlineData("/pypi/team/simple/Demo", "demo/")]
    [InlineData("/pypi/team/simple/Demo/", "../demo/")]
    [InlineData("/pypi/team/simple/demo", "demo/")]
    [InlineData("/pypi/team/simple", "simple/")]
    [InlineData("/pypi/team/main/simple", "simple/")]
    public async Task There_is_one_path_for_each_page(string path, string location)
    {
        (HttpStatusCode status, _, HttpResponseMessage response) = await index.GetAsync(path);

        Assert.Equal((HttpStatusCode.MovedPermanently, location), (status, response.Headers.Location!.ToString()));
    }

    [Theory]
    [InlineData("/pypi/none/simple/")]
    [InlineData("/pypi/team/simple/none/")]
    [InlineData("/pypi/team/simple/..%2fdemo/")]
    [InlineData("/pypi/team/simple/%2e%2e/")]
    [InlineData("/pypi/team/files/demo/none.whl")]
    [InlineData("/pypi/team/files/demo/.files.json")]
    [InlineData("/pypi/team/files/demo/..%2f..%2freferences.db")]
    [InlineData("/pypi/team/files/demo/%00")]
    [InlineData("/pypi/team/files/Demo/demo-1.0-py3-none-any.whl")]
    [InlineData("/pypi/team/files/..%2f/demo-1.0-py3-none-any.whl")]
    [InlineData("/pypi/../simple/demo/")]
    [InlineData("/pypi//simple/")]
    [InlineData("/pypi/team/")]
    public async Task What_is_not_there_is_not_found(string path)
    {
        await index.AddAsync("team", "demo", "1.0");

        Assert.Contains((await index.GetAsync(path)).Status, new[] { HttpStatusCode.NotFound, HttpStatusCode.BadRequest });
    }

    [Fact]
    public async Task It_is_said_how_something_is_put_there()
    {
        using HttpResponseMessage response = await index.SendAsync(HttpMethod.Post, "/pypi/team/simple/");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Contains("'remoteexec pypi add team FILE'", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotAcceptable, (await index.GetAsync("/pypi/team/simple/demo/", ("accept", "image/png"))).Status);
    }

    [Fact]
    public async Task A_channel_is_seen_by_who_looks_at_it_alone()
    {
        await index.AddAsync("team", "demo", "1.0");
        await index.AddAsync("team", "other", "2.0");
        await index.AddAsync("team", "demo", "1.1", channelName: "main");

        Assert.Equal(["demo-1.0-py3-none-any.whl"], await index.FilesAsync("team", "demo"));
        Assert.Equal(["demo-1.1+main.1.gabc-py3-none-any.whl"], await index.FilesAsync("team/main", "demo"));
        Assert.Equal(["demo-1.0-py3-none-any.whl"], await index.FilesAsync("team/dev", "demo"));
        Assert.Equal(["other-2.0-py3-none-any.whl"], await index.FilesAsync("team/main", "other"));
        (_, byte[] page, _) = await index.GetAsync("/pypi/team/main/simple/demo/");
        Assert.Contains("href=\"../../../files/demo/demo-1.1%2Bmain.1.gabc-py3-none-any.whl#", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await index.GetAsync("/pypi/team/files/demo/demo-1.1%2Bmain.1.gabc-py3-none-any.whl")).Status);
    }

    [Fact]
    public async Task An_instance_may_have_such_a_name()
    {
        byte[] content = "blob"u8.ToArray();
        string hash = Convert.ToHexStringLower(SHA256.HashData(content));
        using var http = new HttpClient();

        using HttpResponseMessage put = await http.PutAsync(new Uri($"{index.Address}/pypi/team/cas/{hash}"), new ByteArrayContent(content), TestContext.Current.CancellationToken);

        Assert.True(put.IsSuccessStatusCode);
        Assert.Equal(content, (await index.GetAsync($"/pypi/team/cas/{hash}")).Body);
    }
}
