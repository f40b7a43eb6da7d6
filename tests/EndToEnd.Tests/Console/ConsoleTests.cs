using System.Net;
using System.Text.Json;
using Microsoft.Playwright;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The console in a real browser, of a real server that has just served a real Bazel.</summary>
public sealed class ConsoleTests
{
    private const int Targets = 12;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_page_shows_what_a_build_has_left_and_complains_of_nothing(bool isDark)
    {
        Requires.Bazel();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var workspace = new BazelWorkspace();
        for (int i = 0; i < Targets; i++)
            workspace.Write($"in{i}.txt", $"what is read by {i}\n");
        workspace.Write(
            "BUILD",
            $$"""[genrule(name = "made%d" % i, srcs = ["in%d.txt" % i], outs = ["out%d.txt" % i], cmd = "echo 'what was said' >&2; cat $< > $@") for i in range({{Targets}})]""");
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--spawn_strategy=remote", "//...")).Succeeded();
        workspace.Write("in0.txt", "what is read now\n");
        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--spawn_strategy=remote", "//...")).Succeeded();
        string action = await FindActionAsync(server);

        await using Browser browser = await Browser.OpenAsync(server.HttpAddress, isDark);
        IPage page = browser.Page;
        await browser.GoAsync("", "Overview");
        await page.GetByText("of 1 slots of 1 worker").WaitForAsync();
        await page.GetByText("45.8 %").First.WaitForAsync();
        await page.GetByText("calls a second", new PageGetByTextOptions { Exact = true }).WaitForAsync();
        await browser.LookAsync("overview");

        await browser.GoAsync("#/builds", "Builds");
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "bazel" }).Nth(1).WaitForAsync();
        await browser.LookAsync("builds");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "ago" }).First.ClickAsync(); // the newest
        await page.GetByText("11 hit", new PageGetByTextOptions { Exact = true }).WaitForAsync();
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "in0.txt" }).WaitForAsync(); // why it missed
        await page.GetByText("all commands", new PageGetByTextOptions { Exact = true }).WaitForAsync(); // the critical path
        await browser.LookAsync("build");
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = action[..12] }).First.GetByRole(AriaRole.Link).ClickAsync();
        await page.GetByText("what was said").Last.WaitForAsync();
        await page.GetByText("The difference", new PageGetByTextOptions { Exact = true }).ClickAsync();
        await page.GetByText("+what is read now").WaitForAsync();
        await browser.LookAsync("explained");

        await browser.GoAsync("#/queue", "Queue and workers");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "drain", Exact = true }).WaitForAsync();
        await browser.LookAsync("queue");

        await browser.GoAsync("#/config", "Configuration");
        await page.GetByText("listeners.http").WaitForAsync();
        await browser.LookAsync("config");

        await browser.GoAsync("#/lookup", "Look up");
        await page.GetByLabel("digest").FillAsync(action);
        await browser.LookAsync("lookup");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "show" }).ClickAsync();
        await page.GetByText("what was said").Last.WaitForAsync();
        await page.GetByText("fetch inputs").WaitForAsync();
        await browser.LookAsync("action");
        await page.GetByText("The script", new PageGetByTextOptions { Exact = true }).ClickAsync();
        await page.GetByText("#!/usr/bin/env bash").WaitForAsync();
        await browser.LookAsync("action-replay");
        await page.GetByLabel("with an earlier action").FillAsync(await FindEarlierAsync(server, action));
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "compare" }).ClickAsync();
        await page.GetByText("+what is read now").WaitForAsync();
        await browser.LookAsync("compare");
        await page.ReloadAsync();
        await page.GetByText("+what is read now").WaitForAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "the other way round" }).ClickAsync();
        await page.GetByText("-what is read now").WaitForAsync();
        await browser.GoAsync($"#/actions/{action}", "Action");
        IDownload archive = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "download as tar.zst" }).ClickAsync());
        Assert.Equal("inputs.tar.zst", archive.SuggestedFilename);
        await using (ChildProcess tar = ChildProcess.Start("tar", ["--zstd", "-xOf", (await archive.PathAsync())!, "in0.txt"]))
            Assert.Equal((0, "what is read now\n"), (await tar.WaitForExitAsync(), tar.Output));

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "bazel-out/k8-fastbuild/bin/out0.txt" }).ClickAsync();
        await page.GetByText("what is read now").WaitForAsync();
        await browser.LookAsync("blob");

        await page.GoBackAsync();
        await page.Locator("dt:has-text('input root') + dd a:not([download])").ClickAsync();
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "in0.txt" }).WaitForAsync();
        await browser.LookAsync("directory");
    }

    [Fact]
    public async Task A_worker_is_drained_and_given_actions_again_from_the_page()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress, isDark: true);
        IPage page = browser.Page;
        page.Dialog += (_, dialog) => _ = dialog.AcceptAsync();
        await browser.GoAsync("#/queue", "Queue and workers");

        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "drain", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "drained" }).WaitForAsync();
        await browser.LookAsync("queue-drained");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "undrain" }).ClickAsync();

        await page.GetByRole(AriaRole.Cell, new PageGetByRoleOptions { Name = "in service" }).WaitForAsync();
        await browser.LookAsync("queue-again");
    }

    [Fact]
    public async Task Calls_and_how_long_they_take_are_seen_while_they_are_made()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress);
        await browser.GoAsync("", "Overview");
        ILocator latency = browser.Page.Locator(".figure", new PageLocatorOptions { HasText = "median latency" }).Locator(".value");
        await latency.WaitForAsync();
        Assert.Equal("–", await latency.TextContentAsync());

        while (await latency.TextContentAsync() == "–")
        {
            await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
                "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", new Reapi.FindMissingBlobsRequest { BlobDigests = { TestBlob.Random(1, 10).Digest.ToProto() } }, Token);
        }

        Assert.Matches(@"^\d+ (µs|ms)$", await latency.TextContentAsync());
        await browser.LookAsync("overview-live");
    }

    [Fact]
    public async Task Without_metrics_the_overview_says_how_to_have_them()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0", "--set", "telemetry.metrics=false");
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress);

        await browser.GoAsync("", "Overview");

        await browser.Page.GetByText("set telemetry.metrics: true").WaitForAsync();
    }

    [Fact]
    public async Task What_is_not_there_is_told()
    {
        const string Blob = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress);

        foreach ((string view, string title, string words) in ((string, string, string)[])
            [
                ($"#/actions/{Blob}/1", "Action", "Neither the action nor a result of it is in the cache"),
                ($"#/directories/{Blob}/1", "Directory", "It is not in the cache"),
                ($"#/trees/{Blob}/1", "Tree", "It is not in the cache"),
                ($"#/blobs/{Blob}/0", "Blob", "It is empty."),
                ("#/nowhere", "Not here", "There is no such page."),
            ])
        {
            await browser.GoAsync(view, title);
            await browser.Page.GetByText(words).WaitForAsync();
            await browser.LookAsync($"absent-{title}");
        }
    }

    [Fact]
    public async Task The_page_is_small_and_its_files_are_sent_as_what_they_are()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://{server.HttpAddress}") };

        using HttpResponseMessage root = await client.GetAsync("/", Token);
        long onTheWire = 0;
        await using (Browser browser = await Browser.OpenAsync(server.HttpAddress))
        {
            browser.Page.Response += (_, response) =>
            {
                if (response.Url.Contains("/console/", StringComparison.Ordinal) && response.Headers.TryGetValue("content-length", out string? length))
                    Interlocked.Add(ref onTheWire, long.Parse(length, System.Globalization.CultureInfo.InvariantCulture));
            };
            await browser.GoAsync("", "Overview");
        }

        Assert.Equal((HttpStatusCode.Redirect, "/console/"), (root.StatusCode, root.Headers.Location?.ToString()));
        Assert.InRange(onTheWire, 10_000, 150_000);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/console/../Program.cs", Token)).StatusCode);
    }

    [Fact]
    public async Task The_api_says_what_is_wrong()
    {
        const string Blob = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var client = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}/api/v1/") };

        foreach ((string path, HttpStatusCode status, string words) in ((string, HttpStatusCode, string)[])
            [
                ("actions/nothex/1", HttpStatusCode.BadRequest, "hash"),
                ($"actions/{Blob}/x", HttpStatusCode.BadRequest, "is no size"),
                ($"blobs/{Blob}/7", HttpStatusCode.NotFound, "no such blob"),
                ($"blobs/{Blob}/0?digestFunction=md6", HttpStatusCode.BadRequest, "md6"),
                ($"blobs/{Blob}/0?show=all", HttpStatusCode.BadRequest, "show=all"),
                ($"trees/{Blob}/1", HttpStatusCode.NotFound, "no such tree"),
            ])
        {
            using HttpResponseMessage answer = await client.GetAsync(path, Token);
            Assert.Equal(status, answer.StatusCode);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
            using JsonDocument problem = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token));
            Assert.Equal((int)status, problem.RootElement.GetProperty("status").GetInt32());
            Assert.Contains(words, problem.RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
    }

    private static async Task<string> FindEarlierAsync(ServerProcess server, string action)
    {
        using var client = new HttpClient();
        using JsonDocument explanation = JsonDocument.Parse(await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/actions/{action}/explanation"), Token));
        return explanation.RootElement.GetProperty("earlier").GetProperty("action").GetString()!.Split(':')[^1];
    }

    private static async Task<string> FindActionAsync(ServerProcess server)
    {
        using var client = new HttpClient();
        using JsonDocument operations = JsonDocument.Parse(await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations?done=true"), Token));
        return operations.RootElement.GetProperty("operations")[0].GetProperty("action").GetString()!;
    }
}
