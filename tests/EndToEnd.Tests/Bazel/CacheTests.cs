namespace RemoteExec.EndToEnd.Tests.Bazel;

public sealed class CacheTests(SharedWorkspace shared) : IAsyncLifetime
{
    private BazelWorkspace workspace = null!;
    private ServerProcess server = null!;

    public async ValueTask InitializeAsync()
    {
        workspace = await shared.GetCleanAsync();
        server = await ServerProcess.StartAsync("--workers", "0");
    }

    public ValueTask DisposeAsync() => server?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_second_build_comes_wholly_from_the_cache_whichever_way_it_is_reached()
    {
        BazelRun cold = (await workspace.BuildAsync(server.RemoteCacheFlag, "//app/...", "//gen/...")).Succeeded();
        Assert.DoesNotContain("remote cache hit", cold.Processes.Keys);
        string built = await File.ReadAllTextAsync(workspace.Output("gen/use.txt"), TestContext.Current.CancellationToken);

        foreach (string flag in new[] { server.RemoteCacheFlag, server.HttpCacheFlag })
        {
            await workspace.CleanAsync();
            (await workspace.BuildAsync(flag, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote cache hit", SampleSources.Actions);
            Assert.Equal(built, await File.ReadAllTextAsync(workspace.Output("gen/use.txt"), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task What_was_cached_over_HTTP_is_found_over_gRPC()
    {
        (await workspace.BuildAsync(server.HttpCacheFlag, "//app/...", "//gen/...")).Succeeded();
        await workspace.CleanAsync();

        (await workspace.BuildAsync(server.RemoteCacheFlag, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote cache hit", SampleSources.Actions);
    }

    [Fact]
    public async Task A_cached_test_is_not_run_again()
    {
        (await workspace.RunAsync("test", server.RemoteCacheFlag, "//app:app_test")).Succeeded();
        await workspace.CleanAsync();

        BazelRun again = (await workspace.RunAsync("test", server.RemoteCacheFlag, "//app:app_test")).Succeeded();

        Assert.Contains("(cached) PASSED", again.Output, StringComparison.Ordinal);
        again.DidAllBy("remote cache hit");
    }

    [Theory]
    [InlineData("requestsPerSecond: 20")]
    [InlineData("uploadPerSecond: 1MiB, downloadPerSecond: 2MiB")] // of 27 MB
    public async Task A_tight_quota_makes_builds_slower_and_nothing_worse(string quota)
    {
        await server.RestartAsync("--workers", "0", "--set", $"limits.tenants={{ \"\": {{ {quota} }} }}");

        (await workspace.BuildAsync(server.RemoteCacheFlag, "//app/...", "//gen/...")).Succeeded();
        await workspace.CleanAsync();
        BazelRun again = (await workspace.BuildAsync(server.RemoteCacheFlag, "//app/...", "//gen/...")).Succeeded().DidAllBy("remote cache hit", SampleSources.Actions);

        Assert.DoesNotContain("RESOURCE_EXHAUSTED", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upload_that_a_quota_makes_longer_than_Bazel_waits_for_a_call_goes_on_where_it_was()
    {
        await server.RestartAsync("--workers", "0", "--set", "limits.tenants={ \"\": { uploadPerSecond: 1MiB } }");

        (await workspace.BuildAsync(server.RemoteCacheFlag, "--remote_timeout=6", "//gen:large")).Succeeded(); // 27 MB
        await workspace.CleanAsync();

        (await workspace.BuildAsync(server.RemoteCacheFlag, "//gen:large")).Succeeded().DidAllBy("remote cache hit");
    }

    [Fact]
    public async Task Many_jobs_at_once_are_served()
    {
        (await workspace.BuildAsync(server.RemoteCacheFlag, "--jobs=200", "//many:all")).Succeeded();
        await workspace.CleanAsync();

        (await workspace.BuildAsync(server.RemoteCacheFlag, "--jobs=200", "//many:all")).Succeeded().DidAllBy("remote cache hit", SampleSources.Many);
    }

    [Fact]
    public async Task Only_what_is_asked_for_is_downloaded()
    {
        (await workspace.BuildAsync(server.RemoteCacheFlag, "//app/...", "//gen/...")).Succeeded();
        await workspace.CleanAsync();

        BazelRun run = await workspace.BuildAsync(server.RemoteCacheFlag, "--remote_download_minimal", "//app:app", "//gen:large");

        run.Succeeded().DidAllBy("remote cache hit");
        Assert.False(File.Exists(workspace.Output("gen/large.bin")));
    }
}
