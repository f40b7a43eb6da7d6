using Google.Protobuf;
using Microsoft.Playwright;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The page of the stores, of a front end whose nodes come and go.</summary>
public sealed class StoresPageTests
{
    private const string Cas = "/build.bazel.remote.execution.v2.ContentAddressableStorage/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stores_are_shown_within_stores_with_what_they_have_and_whether_they_can_be_reached(bool isDark)
    {
        await using ServerProcess node = await ServerProcess.StartAsync("--workers", "0");
        await using ServerProcess server = await ServerProcess.StartAsync(
            "--workers", "0", "--set", "stores.near={ memory: { maxBytes: 1MiB } }", "--set", $"stores.one={{ remote: {{ url: 'grpc://{node.GrpcAddress}', patience: 0s }} }}", "--set", "stores.two={ memory: {} }",
            "--set", "cas.store={ fastSlow: { fast: near, slow: { shard: { nodes: [ { name: one, store: one }, { name: two, store: two } ] } } } }");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        for (int number = 0; number < 8; number++)
            await UploadAsync(channel, number);
        await using Browser browser = await Browser.OpenAsync(server.HttpAddress, isDark);
        IPage page = browser.Page;

        await browser.GoAsync("#/stores", "Stores");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 2 })).ToHaveTextAsync(["Blobs cas", "Results of actions actionCache"]);
        await page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "fast: store near" }).GetByText("8 blobs").WaitForAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "one: store one" }).GetByText("within reach for")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "store actionCache", Exact = true }).GetByText("none yet").First).ToBeVisibleAsync(); // nobody has asked for a result
        await node.KillAsync();
        for (int number = 100; number < 132; number++) // of which the node would own some
            await UploadAsync(channel, number);
        await Assertions.Expect(page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "one: store one" }).GetByText("out of reach for")).ToBeVisibleAsync();
        await browser.LookAsync("stores");

        await page.ReloadAsync();
        await page.GetByText("out of reach for").WaitForAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Stores" })).ToHaveAttributeAsync("aria-current", "page");
    }

    private static Task UploadAsync(RpcChannel channel, int number)
    {
        TestBlob blob = TestBlob.Random(number, 1000);
        return channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>(
            Cas + "BatchUpdateBlobs",
            new Reapi.BatchUpdateBlobsRequest { Requests = { new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = blob.Digest.ToProto(), Data = ByteString.CopyFrom(blob.Content) } } }, Token);
    }
}
