using System.Net;

namespace RemoteExec.EndToEnd.Tests.Bazel;

/// <summary>A Bazel that left its outputs on the server finds them there, whatever others upload meanwhile.</summary>
public sealed class WithoutTheBytesTests(SharedWorkspace shared)
{
    private const int MaxMebibytes = 32;

    [Theory]
    [Rule("Q-04")]
    [InlineData(true)]
    [InlineData(false)] // that it fails then shows that it is what keeps them
    public async Task What_a_build_has_not_downloaded_is_there_when_a_later_one_needs_it(bool isKept)
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        workspace.Write("late/BUILD", """
            genrule(name = "first", outs = ["first.txt"], cmd = "seq 1000 > $@")
            genrule(name = "second", srcs = ["first.txt"], outs = ["second.txt"], cmd = "tail -n 1 $< > $@")
            """);
        await using ServerProcess server = await ServerProcess.StartAsync(
            "--workers", "0", "--max-size", $"{MaxMebibytes}MiB", "--set", $"builds.quietTime={(isKept ? "1h" : "0")}");
        (await workspace.BuildAsync(server.RemoteCacheFlag, "//late:first")).Succeeded();
        await workspace.CleanAsync();
        (await workspace.BuildAsync(server.RemoteCacheFlag, "--remote_download_minimal", "//late:first")).Succeeded().DidAllBy("remote cache hit");
        Assert.False(File.Exists(workspace.Output("late/first.txt")));

        await FloodAsync(server);
        BazelRun run = await workspace.BuildAsync(server.RemoteCacheFlag, "--remote_download_minimal", "//late:second");

        Assert.True(isKept == (run.ExitCode == 0), run.Output);
        if (isKept)
            Assert.Equal("1000\n", await File.ReadAllTextAsync(workspace.Output("late/second.txt"), TestContext.Current.CancellationToken));
    }

    private static async Task FloodAsync(ServerProcess server)
    {
        using var http = new HttpClient { BaseAddress = new Uri($"http://{server.HttpAddress}") };
        for (int number = 0; number < 4 * MaxMebibytes; number++)
        {
            TestBlob blob = TestBlob.Random(number, 1 << 20);
            using var content = new ByteArrayContent(blob.Content);
            using HttpResponseMessage response = await http.PutAsync(new Uri($"/cas/{blob.Digest.Hash}", UriKind.Relative), content, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        }
    }
}
