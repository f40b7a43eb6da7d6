using System.Net;
using System.Security.Cryptography;
using System.Text;
using RemoteExec.Python.Index;
using RemoteExec.Python.Names;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Fetching;

namespace RemoteExec.Server.Tests.Python;

/// <summary>Indexes that look through to another one, which is a server of ours or one that misbehaves.</summary>
public sealed class UpstreamTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private TestWebServer web = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => web = await TestWebServer.StartAsync(isPlain: true);

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task What_the_upstream_has_is_had_and_stays_when_it_is_gone()
    {
        using TemporaryDirectory other = new();
        RunningServer upstream = await TestServers.StartAsync(other);
        await using var up = new IndexClient(upstream);
        FileRecord helper = await up.AddAsync("pub", "helper", "1.0");
        await up.AddAsync("pub", "helper", "2.0");
        string[] settings = [$"pypi.indexes.team.upstream={up.Address}/pypi/pub/simple", "pypi.indexes.team.allowPrivate=true"];
        await using (RunningServer server = await TestServers.StartAsync(data, settings))
        {
            await using var index = new IndexClient(server);
            string path = $"/pypi/team/files/helper/{helper.Name}";

            Assert.Equal(["helper-1.0-py3-none-any.whl", "helper-2.0-py3-none-any.whl"], await index.FilesAsync("team", "helper"));
            Assert.Equal(helper.MetadataSha256, HashOf((await index.GetAsync(path + ".metadata")).Body));
            Assert.Equal(helper.Sha256, HashOf((await index.GetAsync(path)).Body));
            Assert.False(await index.HasAsync("team", "nothing"));
            await upstream.DisposeAsync();
        }

        await using RunningServer again = await TestServers.StartAsync(data, settings);
        await using var later = new IndexClient(again);
        Assert.Equal(["helper-1.0-py3-none-any.whl"], await later.FilesAsync("team", "helper"));
        Assert.Equal(helper.Sha256, HashOf((await later.GetAsync($"/pypi/team/files/helper/{helper.Name}")).Body));
        Assert.Equal(helper.MetadataSha256, HashOf((await later.GetAsync($"/pypi/team/files/helper/{helper.Name}.metadata")).Body));
        (HttpStatusCode status, byte[] body, _) = await later.GetAsync("/pypi/team/files/helper/helper-2.0-py3-none-any.whl");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Contains("is not stored here, and the upstream of index 'team' can't be asked", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_index_has_never_comes_from_the_upstream()
    {
        Offer("demo", "demo-99.0.tar.gz", "evil"u8.ToArray());
        Offer("acme-tools", "acme-tools-99.0.tar.gz", "evil"u8.ToArray());
        Offer("both", "both-99.0.tar.gz", "good"u8.ToArray());
        await using RunningServer server = await StartAsync("pypi.indexes.team.private=['acme-*']", "pypi.indexes.team.shared=[both]");
        await using var index = new IndexClient(server);
        await index.AddAsync("team", "demo", "1.0");
        await index.AddAsync("team", "both", "1.0");

        Assert.Equal(["demo-1.0-py3-none-any.whl"], await index.FilesAsync("team", "demo"));
        Assert.Equal(HttpStatusCode.NotFound, (await index.GetAsync("/pypi/team/files/demo/demo-99.0.tar.gz")).Status);
        Assert.False(await index.HasAsync("team", "acme-tools"));
        Assert.Equal(HttpStatusCode.NotFound, (await index.GetAsync("/pypi/team/files/acme-tools/acme-tools-99.0.tar.gz")).Status);
        Assert.Equal(["both-1.0-py3-none-any.whl", "both-99.0.tar.gz"], await index.FilesAsync("team", "both"));
        await index.PublisherOf("team").RemoveAsync(ProjectName.Parse("demo"), "1.0", Token);
        Assert.Empty(await index.FilesAsync("team", "demo"));
        Assert.Equal(0, web.CountOf("/simple/demo/") + web.CountOf("/simple/acme-tools/"));
    }

    [Fact]
    public async Task What_was_served_stays_what_it_was()
    {
        Offer("helper", "helper-1.0.tar.gz", "first"u8.ToArray());
        await using (RunningServer server = await StartAsync())
        {
            await using var index = new IndexClient(server);
            Assert.Equal("first"u8.ToArray(), (await index.GetAsync("/pypi/team/files/helper/helper-1.0.tar.gz")).Body);
        }

        Offer("helper", "helper-1.0.tar.gz", "second"u8.ToArray());
        await using RunningServer again = await StartAsync();
        await using var later = new IndexClient(again);
        (_, byte[] page, _) = await later.GetAsync("/pypi/team/simple/helper/");

        Assert.Contains($"#sha256={HashOf("first"u8.ToArray())}", Encoding.UTF8.GetString(page), StringComparison.Ordinal);
        Assert.DoesNotContain(HashOf("second"u8.ToArray()), Encoding.UTF8.GetString(page), StringComparison.Ordinal);
        Assert.Equal("first"u8.ToArray(), (await later.GetAsync("/pypi/team/files/helper/helper-1.0.tar.gz")).Body);
    }

    [Fact]
    public async Task What_is_not_what_its_page_says_is_not_served()
    {
        Offer("helper", "helper-1.0.tar.gz", "first"u8.ToArray());
        web.Serve("/files/helper-1.0.tar.gz", "something else");
        await using RunningServer server = await StartAsync();
        await using var index = new IndexClient(server);

        (HttpStatusCode status, byte[] body, _) = await index.GetAsync("/pypi/team/files/helper/helper-1.0.tar.gz");

        Assert.Equal(HttpStatusCode.BadGateway, status);
        Assert.Contains("it is damaged, or was replaced", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(data["pypi"]));
    }

    [Fact]
    public async Task Many_at_a_time_fetch_a_file_once()
    {
        byte[] content = RandomNumberGenerator.GetBytes(3_000_000);
        Offer("helper", "helper-1.0.tar.gz", content);
        await using RunningServer server = await StartAsync();
        await using var index = new IndexClient(server);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Func<Microsoft.AspNetCore.Http.HttpContext, Task> send = web.Pages["/files/helper-1.0.tar.gz"];
        web.Pages["/files/helper-1.0.tar.gz"] = async context =>
        {
            await gate.Task;
            await send(context);
        };

        Task<(HttpStatusCode Status, byte[] Body, HttpResponseMessage Response)>[] all = [.. Enumerable.Range(0, 8).Select(_ => index.GetAsync("/pypi/team/files/helper/helper-1.0.tar.gz"))];
        while (web.CountOf("/files/helper-1.0.tar.gz") == 0)
            await Task.Delay(10, Token);
        gate.SetResult();

        foreach ((_, byte[] body, _) in await Task.WhenAll(all))
            Assert.Equal(content, body);
        Assert.Equal(1, web.CountOf("/files/helper-1.0.tar.gz"));
    }

    [Fact]
    public async Task Files_at_private_addresses_are_not_fetched_unless_that_is_allowed()
    {
        Offer("helper", "helper-1.0.tar.gz", "first"u8.ToArray());
        await using RunningServer server = await TestServers.StartAsync(data, $"pypi.indexes.team.upstream={web.Address}/simple/");
        await using var index = new IndexClient(server);

        Assert.False(await index.HasAsync("team", "helper"));
        Assert.Equal(0, web.CountOf("/simple/helper/"));
    }

    [Theory]
    [InlineData("{ team: { upstream: 'http://pypi.example/simple/' } }", "must be an https:// address")]
    [InlineData("{ team: { upstream: 'https://user:word@pypi.example/simple/' } }", "without a password")]
    [InlineData("{ a/b: {} }", "'a/b' is no name of an index")]
    [InlineData("{ team: { private: ['*x'] } }", "'*x' is neither the name of a project")]
    [InlineData("{ team: { retention: 1h } }", "must be at least 1d")]
    [InlineData("{ team: { releaseRetention: 1h } }", "must be at least 1d")]
    [InlineData("{ team: { instance: 'a/blobs' } }", "blobs")]
    public void A_setting_that_makes_no_sense_is_refused(string indexes, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigException>(() => TestServers.OptionsOf(data, $"pypi.indexes={indexes}")).Message, StringComparison.Ordinal);

    private Task<RunningServer> StartAsync(params string[] settings) =>
        TestServers.StartAsync(data, [$"pypi.indexes.team.upstream={web.Address}/simple/", "pypi.indexes.team.allowPrivate=true", .. settings]);

    private void Offer(string project, string file, byte[] content)
    {
        web.Serve($"/simple/{project}/", $"<a href=\"../../files/{file}#sha256={HashOf(content)}\">{file}</a>");
        web.Pages[$"/files/{file}"] = context => context.Response.Body.WriteAsync(content, context.RequestAborted).AsTask();
    }

    private static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}
