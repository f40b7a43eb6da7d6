using Build.Bazel.Remote.Asset.v1;
using Microsoft.AspNetCore.Http;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Server.Configuration;
using RemoteExec.Server.Hosting;
using RemoteExec.Server.Tests.Fetching;

namespace RemoteExec.Server.Tests.Hosting;

/// <summary>The Remote Asset API as settings want it, over TLS.</summary>
public sealed class AssetsTests : IAsyncLifetime
{
    private readonly TemporaryDirectory data = new();
    private TestWebServer web = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        web = await TestWebServer.StartAsync();
        web.Serve("/page", "by https, without a checksum");
        await File.WriteAllTextAsync(data["ca.pem"], web.Root.ExportCertificatePem(), Token);
    }

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        data.Dispose();
    }

    [Fact]
    public async Task What_comes_by_https_without_a_checksum_holds_for_a_while()
    {
        FetchBlobResponse response = await FetchAsync("", "assets.allowPrivate=true", $"assets.caFile={data["ca.pem"]}", "assets.keepUnverified=1h");

        Assert.Equal((0, 28), (response.Status.Code, response.BlobDigest.SizeBytes));
        Assert.True(response.ExpiresAt.ToDateTimeOffset() > TimeProvider.System.GetUtcNow());
        Assert.Empty(System.IO.Directory.GetFileSystemEntries(data["assets"]));
    }

    [Fact]
    public async Task Who_is_not_who_he_should_be_is_refused()
    {
        FetchBlobResponse response = await FetchAsync("", "assets.allowPrivate=true");

        Assert.Equal((int)StatusCode.PermissionDenied, response.Status.Code);
        Assert.Equal(0, web.CountOf("/page"));
    }

    [Fact]
    public async Task By_default_this_machine_is_not_fetched_from()
    {
        FetchBlobResponse response = await FetchAsync("", $"assets.caFile={data["ca.pem"]}");

        Assert.Equal((int)StatusCode.PermissionDenied, response.Status.Code);
        Assert.Contains("private or reserved", response.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_fetched_into_an_instance_that_is_only_read()
    {
        FetchBlobResponse response = await FetchAsync("team", "assets.allowPrivate=true", $"assets.caFile={data["ca.pem"]}", "instances={ team: { readOnly: true } }");

        Assert.Equal((int)StatusCode.PermissionDenied, response.Status.Code);
        Assert.Equal(0, web.CountOf("/page"));
    }

    [Fact]
    public async Task It_can_be_left_out()
    {
        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => FetchAsync("", "assets.enabled=false"));

        Assert.Equal(StatusCode.Unimplemented, exception.Code);
    }

    [Fact]
    public async Task A_file_of_certificates_that_can_not_be_read_is_told_at_the_start()
    {
        StartupException exception = await Assert.ThrowsAsync<StartupException>(() => TestServers.StartAsync(data, $"assets.caFile={data["none.pem"]}"));

        Assert.Contains("(setting assets.caFile)", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("timeout=2d", "at most a day")]
    [InlineData("timeout=0", "must be positive")]
    [InlineData("maxBytes=0", "must be positive")]
    public void A_setting_that_makes_no_sense_is_refused(string setting, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigException>(() => TestServers.OptionsOf(data, $"assets.{setting}")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("assets.allowPrivate=true", 0)]
    [InlineData("assets.allowPrivate=false", (int)StatusCode.PermissionDenied)]
    public async Task A_repository_of_git_comes_from_where_files_may_come_from(string setting, int code)
    {
        Requires.Program("git", "git");
        await using (ChildProcess shell = ChildProcess.Start("sh", ["-euc", """
            git init --quiet app && cd app && echo text >file && git add file
            git -c user.name=x -c user.email=x@example.com commit --quiet --message=x
            cd .. && git clone --quiet --bare app app.git && git --git-dir app.git update-server-info
            """], data.FullPath))
            Assert.True(await shell.WaitForExitAsync() == 0, shell.Output);
        foreach (string file in System.IO.Directory.GetFiles(data["app.git"], "*", SearchOption.AllDirectories))
            web.Pages[$"/app/{Path.GetRelativePath(data["app.git"], file)}"] = context => context.Response.SendFileAsync(file, context.RequestAborted);
        await using RunningServer server = await TestServers.StartAsync(data, setting, $"assets.caFile={data["ca.pem"]}");
        await using RpcChannel channel = TestServers.Connect(server);
        var request = new FetchDirectoryRequest { Uris = { $"{web.Address}/app" }, Qualifiers = { new Qualifier { Name = "resource_type", Value = "application/x-git" } } };

        FetchDirectoryResponse response = await channel.UnaryAsync<FetchDirectoryRequest, FetchDirectoryResponse>("/build.bazel.remote.asset.v1.Fetch/FetchDirectory", request, Token);

        Assert.True(code == response.Status.Code, response.Status.Message);
        Assert.Equal(code == 0, response.RootDirectoryDigest is { SizeBytes: > 0 });
        Assert.Equal(code == 0, web.CountOf("/app/info/refs") > 0);
    }

    private async Task<FetchBlobResponse> FetchAsync(string instance, params string[] settings)
    {
        await using RunningServer server = await TestServers.StartAsync(data, settings);
        await using RpcChannel channel = TestServers.Connect(server);
        return await channel.UnaryAsync<FetchBlobRequest, FetchBlobResponse>(
            "/build.bazel.remote.asset.v1.Fetch/FetchBlob", new FetchBlobRequest { InstanceName = instance, Uris = { $"{web.Address}/page" } }, Token);
    }
}
