using System.Globalization;
using System.Text;
using Google.Bytestream;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Bazel;

public sealed class CrashTests(SharedWorkspace shared)
{
    private const int Rounds = 20;
    private const int ActionsPerRound = 24;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [Rule("CAS-04")]
    [Rule("CAS-14")]
    public async Task A_server_that_is_killed_again_and_again_never_shows_a_blob_that_it_has_not()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        var written = new List<TestBlob>();
        int survivors = 0;
        for (int round = 0; round < Rounds; round++)
        {
            List<TestBlob> outputs = [.. Enumerable.Range(0, ActionsPerRound).Select(action => ContentOf(round, action))];
            written.AddRange(outputs);
            WriteActions(workspace, round);
            await using ChildProcess build = workspace.Start("build", server.RemoteCacheFlag, "--remote_retries=0", "--jobs=4", "//churn:all");

            // Killed at another point in each round: after the first outputs, after the last ones, and in between.
            await WaitUntilPresentAsync(server, outputs, atLeast: 1 + (round * 7 % ActionsPerRound));
            await server.KillAsync();
            await server.StartAgainAsync();

            Assert.True(await build.WaitForExitAsync() == 0, build.Output);
            survivors = await AssertPresentIsReadableAsync(server, written);
        }

        // The kills were not so early that nothing was there to be damaged.
        Assert.True(survivors > Rounds, $"only {survivors} blobs of {written.Count} were there in the end");
        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteCacheFlag, "//churn:all")).Succeeded();
    }

    private static TestBlob ContentOf(int round, int action)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{round} {action}\n");
        return TestBlob.Of(Encoding.ASCII.GetBytes(new StringBuilder().Insert(0, line, LinesOf(action)).ToString()));
    }

    /// <summary>From a few bytes to some hundred kilobytes.</summary>
    private static int LinesOf(int action) => 1 + (action * action * action * 5);

    private static void WriteActions(BazelWorkspace workspace, int round) => workspace.Write("churn/BUILD", string.Concat(Enumerable.Range(0, ActionsPerRound).Select(action =>
        $$"""genrule(name = "c{{action}}", outs = ["c{{action}}.txt"], cmd = "awk 'BEGIN { for (i = 0; i < {{LinesOf(action)}}; i++) print \"{{round}} {{action}}\" }' > $@")""" + "\n")));

    private static async Task WaitUntilPresentAsync(ServerProcess server, List<TestBlob> blobs, int atLeast)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        while (blobs.Count - (await FindMissingAsync(channel, blobs)).Count < atLeast)
            await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token);
    }

    private static async Task<int> AssertPresentIsReadableAsync(ServerProcess server, List<TestBlob> blobs)
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        HashSet<string> missing = await FindMissingAsync(channel, blobs);
        int present = 0;
        foreach (TestBlob blob in blobs.Where(blob => !missing.Contains(blob.Digest.Hash)))
        {
            using var content = new MemoryStream();
            var request = new ReadRequest { ResourceName = $"blobs/{blob.Digest.Hash}/{blob.Digest.SizeBytes}" };
            await foreach (ReadResponse response in channel.ServerStreamAsync<ReadRequest, ReadResponse>("/google.bytestream.ByteStream/Read", request, Token))
                response.Data.WriteTo(content);
            Assert.Equal(blob.Content, content.ToArray());
            present++;
        }

        return present;
    }

    private static async Task<HashSet<string>> FindMissingAsync(RpcChannel channel, List<TestBlob> blobs)
    {
        var request = new Reapi.FindMissingBlobsRequest();
        request.BlobDigests.AddRange(blobs.Select(blob => blob.Digest.ToProto()));
        Reapi.FindMissingBlobsResponse response = await channel.UnaryAsync<Reapi.FindMissingBlobsRequest, Reapi.FindMissingBlobsResponse>(
            "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs", request, Token);
        return [.. response.MissingBlobDigests.Select(digest => digest.Hash)];
    }
}
