using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>The real server and its worker: what actions keep for later ones.</summary>
public sealed class NamedCacheTests
{
    [Fact]
    public async Task What_an_action_keeps_is_there_for_the_next_even_if_the_server_was_killed_meanwhile()
    {
        await using ChildProcess probe = ChildProcess.Start(ServerProcess.Program, ["worker", "--probe"]);
        await probe.WaitForExitAsync();
        Requires.True(probe.Output.Contains("sandbox 'cached-trees'", StringComparison.Ordinal), $"nothing can be kept here: {probe.Output}");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1", "--set", "worker.sandbox.caches.paths=[/pants-caches]");

        Assert.Equal("", await TellAsync(server, "echo asked > /home/build/.cache/tool/file; mkdir /pants-caches/pip; echo given > /pants-caches/pip/file"));
        await server.KillAsync();
        await server.StartAgainAsync();

        Assert.Equal("asked\ngiven\n", await TellAsync(server, "cat /home/build/.cache/tool/file /pants-caches/pip/file"));
    }

    private static async Task<string> TellAsync(ServerProcess server, string script)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        var platform = new Reapi.Platform { Properties = { new Reapi.Platform.Types.Property { Name = "cache:tool", Value = "/home/build/.cache/tool" } } };
        Reapi.ExecuteResponse response = await ShellActions.RunAsync(channel, script, platform);
        Assert.Equal(0, response.Status?.Code ?? 0);
        return response.Result.StdoutRaw.ToStringUtf8() is { Length: > 0 } raw ? raw : await ReadAsync(channel, response.Result.StdoutDigest);
    }

    private static async Task<string> ReadAsync(RpcChannel channel, Reapi.Digest? digest)
    {
        if (digest is null)
            return "";
        Reapi.BatchReadBlobsResponse read = await channel.UnaryAsync<Reapi.BatchReadBlobsRequest, Reapi.BatchReadBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs", new Reapi.BatchReadBlobsRequest { Digests = { digest } }, TestContext.Current.CancellationToken);
        return Assert.Single(read.Responses).Data.ToStringUtf8();
    }
}
