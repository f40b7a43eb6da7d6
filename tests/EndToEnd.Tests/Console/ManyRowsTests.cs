using Google.LongRunning;
using Google.Protobuf;
using Microsoft.Playwright;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>Ten thousand of what there may be many of, in a real browser: a few rows are drawn, and all can be reached.</summary>
public sealed class ManyRowsTests : IAsyncLifetime
{
    private const int Many = 10_000;
    private const int AtATime = 64;
    private const int DrawnAtMost = 100;
    private const string Service = "/build.bazel.remote.execution.v2.";
    private ServerProcess server = null!;
    private RpcChannel channel = null!;
    private Browser browser = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IPage Page => browser.Page;

    public async ValueTask InitializeAsync()
    {
        server = await ServerProcess.StartAsync("--workers", "0", "--worker-listen", "127.0.0.1:0", "--set", "execution.noWorkerTimeout=1h", "--set", "execution.autoscaling=true");
        channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        browser = await Browser.OpenAsync(server.HttpAddress);
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        if (channel is not null)
            await channel.DisposeAsync();
        if (server is not null)
            await server.DisposeAsync();
    }

    [Fact]
    public async Task Ten_thousand_entries_of_a_directory()
    {
        var directory = new Reapi.Directory();
        Reapi.Digest content = TestBlob.Of([1]).Digest.ToProto();
        for (int number = 0; number < Many; number++)
            directory.Files.Add(new Reapi.FileNode { Name = $"file-{number:00000}", Digest = content });
        TestBlob blob = TestBlob.Of(directory.ToByteArray());
        await UploadAsync([blob.Content]);

        await browser.GoAsync($"#/directories/{blob.Digest.Hash}/{blob.Digest.SizeBytes}", "Directory");

        await LooksThroughAsync("Entries", "file-00000", $"file-{Many - 1:00000}", "file-07", 1000);
        await KeepsFocusAsync("Entries", "file-00002");
        await browser.LookAsync("many-entries");
    }

    [Fact]
    public async Task Ten_thousand_actions_of_a_build()
    {
        await Parallel.ForAsync(0, Many, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = Token }, async (number, _) => await MissAsync("large-build", $"//some:target-{number:00000}", number));

        await browser.GoAsync("#/builds/large-build", "Build");

        ILocator find = Page.GetByRole(AriaRole.Searchbox, new PageGetByRoleOptions { Name = "find in Actions" });
        await Assertions.Expect(find.Locator("xpath=ancestor::p")).ToContainTextAsync("10,000", new LocatorAssertionsToContainTextOptions { Timeout = 60_000 });
        await Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Actions", Exact = true }).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "target" }).ClickAsync();
        await LooksThroughAsync("Actions", "//some:target-00000", $"//some:target-{Many - 1:00000}", "target-012", 100);
        await browser.LookAsync("many-actions");
    }

    [Fact]
    public async Task Ten_thousand_builds()
    {
        await Parallel.ForAsync(0, Many, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = Token }, async (number, _) => await MissAsync($"build-{number:00000}", "//:a", number));
        using (var client = new HttpClient())
        {
            while (!(await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/stats"), Token)).Contains($"\"actions\":{Many}", StringComparison.Ordinal))
                await Task.Delay(50, Token); // they are written down in the background
        }

        await browser.GoAsync("#/builds", "Builds");
        ILocator table = Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Builds", Exact = true });
        await table.GetByRole(AriaRole.Row).Nth(1).WaitForAsync();
        ILocator status = Page.GetByRole(AriaRole.Searchbox, new PageGetByRoleOptions { Name = "find in Builds" }).Locator("xpath=ancestor::p").GetByRole(AriaRole.Status);
        while (await status.TextContentAsync() != "10,000")
            await ScrollToEndAsync(table); // of what is here, at which more is read

        await ScrollToEndAsync(table);
        await Assertions.Expect(table.Locator($"tr[aria-rowindex='{Many + 1}']")).ToBeVisibleAsync();
        Assert.InRange(await table.GetByRole(AriaRole.Row).CountAsync(), 10, DrawnAtMost);
        await Page.GetByRole(AriaRole.Searchbox, new PageGetByRoleOptions { Name = "find in Builds" }).FillAsync("build-04217");
        await Assertions.Expect(table.GetByRole(AriaRole.Row)).ToHaveCountAsync(2);
        await browser.LookAsync("many-builds");
    }

    [Fact]
    public async Task Ten_thousand_actions_that_wait()
    {
        TestBlob command = TestBlob.Of(new Reapi.Command { Arguments = { "true" } }.ToByteArray());
        byte[][] actions = [.. Enumerable.Range(0, Many).Select(number => new Reapi.Action
        {
            CommandDigest = command.Digest.ToProto(), InputRootDigest = TestBlob.Of([]).Digest.ToProto(), Salt = ByteString.CopyFrom(BitConverter.GetBytes(number)),
        }.ToByteArray())];
        foreach (byte[][] some in actions.Append(command.Content).Chunk(1000))
            await UploadAsync(some);
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task[] waiting = [.. actions.Select((action, number) => WaitAsync(TestBlob.Of(action).Digest, $"//some:target-{number:00000}", leaving.Token))];

        await browser.GoAsync("#/queue", "Queue and workers");
        ILocator find = Page.GetByRole(AriaRole.Searchbox, new PageGetByRoleOptions { Name = "find in Operations" });
        await Assertions.Expect(find.Locator("xpath=ancestor::p")).ToContainTextAsync("10,000", new LocatorAssertionsToContainTextOptions { Timeout = 120_000 });
        await Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = "Operations", Exact = true }).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "target" }).ClickAsync();

        await LooksThroughAsync("Operations", "//some:target-00000", $"//some:target-{Many - 1:00000}", "target-012", 100);
        await browser.LookAsync("many-operations");
        await leaving.CancelAsync();
        await Task.WhenAll(waiting);
    }

    /// <summary>Goes through a table from its beginning to its end, and finds some of it.</summary>
    private async Task LooksThroughAsync(string label, string first, string last, string wanted, int found)
    {
        ILocator table = Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = label, Exact = true });
        ILocator rows = table.GetByRole(AriaRole.Row);
        await Assertions.Expect(table.GetByRole(AriaRole.Table)).ToHaveAttributeAsync("aria-rowcount", $"{Many + 1}");
        await Assertions.Expect(table.Locator("tr[aria-rowindex='2']")).ToContainTextAsync(first);
        Assert.InRange(await rows.CountAsync(), 10, DrawnAtMost);

        await table.FocusAsync();
        await Page.Keyboard.PressAsync("End");
        await Assertions.Expect(table.Locator($"tr[aria-rowindex='{Many + 1}']")).ToContainTextAsync(last);
        await Assertions.Expect(table.Locator($"tr[aria-rowindex='{Many + 1}']")).ToBeInViewportAsync();
        Assert.InRange(await rows.CountAsync(), 10, DrawnAtMost);

        ILocator find = Page.GetByRole(AriaRole.Searchbox, new PageGetByRoleOptions { Name = $"find in {label}" });
        await find.FillAsync(wanted);
        await Assertions.Expect(table.GetByRole(AriaRole.Table)).ToHaveAttributeAsync("aria-rowcount", $"{found + 1}");
        await Assertions.Expect(find.Locator("xpath=ancestor::p")).ToContainTextAsync($"{found:N0} of {Many:N0}");
        await find.FillAsync("");
        await Assertions.Expect(table.GetByRole(AriaRole.Table)).ToHaveAttributeAsync("aria-rowcount", $"{Many + 1}");
    }

    /// <summary>What has the focus keeps it when it is scrolled out of sight.</summary>
    private async Task KeepsFocusAsync(string label, string name)
    {
        ILocator table = Page.GetByRole(AriaRole.Region, new PageGetByRoleOptions { Name = label, Exact = true });
        await table.EvaluateAsync("element => { element.scrollTop = 0; }");
        ILocator link = table.GetByRole(AriaRole.Link, new LocatorGetByRoleOptions { Name = name });
        await link.FocusAsync();
        await ScrollToEndAsync(table);
        await table.Locator($"tr[aria-rowindex='{Many + 1}']").WaitForAsync();
        await Assertions.Expect(link).ToBeFocusedAsync();
        await Page.Keyboard.PressAsync("Tab"); // from there on, not from the beginning of the page
        Assert.Equal(label, await Page.EvaluateAsync<string>("document.activeElement.closest('[role=region]')?.getAttribute('aria-label')"));
    }

    private static Task ScrollToEndAsync(ILocator table) => table.EvaluateAsync("element => { element.scrollTop = element.scrollHeight; }");

    private Task UploadAsync(IEnumerable<byte[]> contents) => channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
        Service + "ContentAddressableStorage/BatchUpdateBlobs",
        new Reapi.BatchUpdateBlobsRequest { Requests = { contents.Select(content => new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = TestBlob.Of(content).Digest.ToProto(), Data = ByteString.CopyFrom(content) }) } }, Token);

    private async Task MissAsync(string invocation, string target, int action)
    {
        RpcException missing = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
            Service + "ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = TestBlob.Of(BitConverter.GetBytes(action)).Digest.ToProto() }, Token, OptionsOf(invocation, target)));
        Assert.Equal(StatusCode.NotFound, missing.Code);
    }

    private async Task WaitAsync(Digest action, string target, CancellationToken leaving)
    {
        try
        {
            await foreach (Operation state in channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
                Service + "Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.ToProto() }, leaving, OptionsOf("waiting-build", target)))
                Assert.False(state.Done, state.ToString());
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
            // All were seen.
        }
    }

    private static RpcCallOptions OptionsOf(string invocation, string target)
    {
        var headers = new RpcMetadata();
        headers.AddBinary(RequestMetadataHeader.Name, new Reapi.RequestMetadata { ToolDetails = new Reapi.ToolDetails { ToolName = "bazel" }, ToolInvocationId = invocation, TargetId = target, ActionMnemonic = "Genrule" }.ToByteArray());
        return new RpcCallOptions { Headers = headers };
    }
}
