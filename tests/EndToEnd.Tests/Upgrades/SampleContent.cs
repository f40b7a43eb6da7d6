using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Upgrades;

/// <summary>
/// What is put into a server to keep its data as a sample of its version, and what a later version must find there: blobs of each kind, results, builds, and an action that was accepted and waits.
/// It stays as it is: samples of former versions were made with it.
/// </summary>
internal static class SampleContent
{
    private const string Service = "/build.bazel.remote.execution.v2.";
    private const string Build = "sample-build";
    private static readonly TestBlob small = TestBlob.Of("a small blob"u8.ToArray());
    private static readonly TestBlob text = TestBlob.Of([.. Enumerable.Range(0, 100_000).Select(i => (byte)('a' + (i * i % 23)))]); // is kept compressed
    private static readonly TestBlob large = TestBlob.Of([.. Enumerable.Range(0, 3 << 20).Select(i => (byte)((i * 2654435761L) >> 13 & 15))]); // is cut into chunks
    private static readonly TestBlob command = TestBlob.Of(new Reapi.Command { Arguments = { "/bin/sh", "-c", "echo made by a later version > out" }, OutputPaths = { "out" } }.ToByteArray());
    private static readonly TestBlob waiting = TestBlob.Of(new Reapi.Action { CommandDigest = command.Digest.ToProto(), InputRootDigest = TestBlob.Of([]).Digest.ToProto() }.ToByteArray());
    private static readonly TestBlob done = TestBlob.Of(new Reapi.Action { CommandDigest = small.Digest.ToProto(), InputRootDigest = TestBlob.Of([]).Digest.ToProto() }.ToByteArray());

    private static readonly Reapi.ActionResult result = new()
    {
        OutputFiles = { new Reapi.OutputFile { Path = "a.txt", Digest = text.Digest.ToProto(), IsExecutable = true }, new Reapi.OutputFile { Path = "b/large", Digest = large.Digest.ToProto() } },
        OutputSymlinks = { new Reapi.OutputSymlink { Path = "link", Target = "a.txt" } },
        StdoutDigest = small.Digest.ToProto(),
        ExitCode = 0,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Puts all of it into a server that has no worker.</summary>
    public static async Task PutAsync(ServerProcess server)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}") };
        foreach (TestBlob blob in (TestBlob[])[small, text, large, command, waiting, done])
            await PutAsync(http, $"cas/{blob.Digest.Hash}", blob.Content);
        await PutAsync(http, $"team/a/cas/{text.Digest.Hash}", text.Content);
        await PutAsync(http, $"ac/{done.Digest.Hash}", result.ToByteArray());

        await using RpcChannel channel = Open(server);
        Assert.Equal(result, await FindAsync(channel, done));
        await using IAsyncEnumerator<Operation> states = channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
            $"{Service}Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = waiting.Digest.ToProto() }, Token).GetAsyncEnumerator(Token);
        while (await states.MoveNextAsync() && states.Current.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().Stage != Reapi.ExecutionStage.Types.Value.Queued)
            Assert.False(states.Current.Done);
        Assert.Equal(Reapi.ExecutionStage.Types.Value.Queued, states.Current.Metadata.Unpack<Reapi.ExecuteOperationMetadata>().Stage);
    }

    /// <summary>Finds all of it in a server that has a worker.</summary>
    public static async Task FindAsync(ServerProcess server)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}") };
        foreach (TestBlob blob in (TestBlob[])[small, text, large, command, waiting, done])
            Assert.Equal(blob.Content, await http.GetByteArrayAsync($"cas/{blob.Digest.Hash}", Token));
        Assert.Equal(text.Content, await http.GetByteArrayAsync($"team/a/cas/{text.Digest.Hash}", Token));
        Assert.Equal(result, Reapi.ActionResult.Parser.ParseFrom(await http.GetByteArrayAsync($"ac/{done.Digest.Hash}", Token)));
        Assert.Contains($"\"{Build}\"", await http.GetStringAsync("api/v1/builds", Token), StringComparison.Ordinal);

        // What was accepted goes on, though nobody asks for it again.
        await using RpcChannel channel = Open(server);
        Reapi.ActionResult? made = null;
        for (int i = 0; i < 1800 && (made = await FindAsync(channel, waiting)) is null; i++)
            await Task.Delay(100, Token);
        Assert.Equal(0, Assert.IsType<Reapi.ActionResult>(made).ExitCode);
        Assert.Equal("made by a later version\n", await http.GetStringAsync($"cas/{Assert.Single(made.OutputFiles).Digest.Hash}", Token));
    }

    private static async Task PutAsync(HttpClient http, string path, byte[] content)
    {
        using HttpResponseMessage response = await http.PutAsync(path, new ByteArrayContent(content), Token);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
    }

    private static RpcChannel Open(ServerProcess server)
    {
        var metadata = new Reapi.RequestMetadata { ToolInvocationId = Build, ActionMnemonic = "Sample", TargetId = "//sample", ActionId = done.Digest.Hash };
        return new RpcChannel(RpcAddress.Parse(server.GrpcAddress), new RpcChannelOptions { Headers = new RpcMetadata { { RequestMetadataHeader.Name, Convert.ToBase64String(metadata.ToByteArray()) } } });
    }

    private static async Task<Reapi.ActionResult?> FindAsync(RpcChannel channel, TestBlob action)
    {
        try
        {
            return await channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>($"{Service}ActionCache/GetActionResult", new Reapi.GetActionResultRequest { ActionDigest = action.Digest.ToProto() }, Token);
        }
        catch (RpcException exception) when (exception.Code == StatusCode.NotFound)
        {
            return null;
        }
    }
}
