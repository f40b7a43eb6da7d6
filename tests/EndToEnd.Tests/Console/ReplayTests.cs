using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Google.LongRunning;
using Google.Protobuf;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.Protocol;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Console;

/// <summary>The script that the server writes for an action runs it as its worker did.</summary>
public sealed class ReplayTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_script_of_an_action_makes_the_same_outputs()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var channel = new RpcChannel(RpcAddress.Parse(server.GrpcAddress));
        byte[] program =
            """
            #!/bin/bash
            printf '%s\n' "$0" "$@" "$(env | grep -v -e ^TMPDIR= -e ^_= -e ^PWD= -e ^SHLVL= | LC_ALL=C sort)" >out/deep/said
            [ -d "$TMPDIR" ] && cat ../data/text ../data/link >>out/deep/said
            mkdir -p tree/inner && cp ../data/text tree/inner/copy && chmod +x tree/inner/copy && ln -s inner/copy tree/link
            exit 3
            """u8.ToArray();
        (TestBlob code, TestBlob text) = (TestBlob.Of(program), TestBlob.Of("what is read\n"u8.ToArray()));
        MerkleTree inputs = new MerkleTreeBuilder(default, DigestFunction.Sha256)
            .AddFile("tools/run.sh", code.Digest, isExecutable: true).AddFile("data/text", text.Digest).AddSymlink("data/link", "text").AddDirectory("work here").Build();
        var command = new Reapi.Command
        {
            Arguments = { "../tools/run.sh", "it's", "two\nlines", "$HOME `id` \"x\" \\", "", "ä*?" },
            EnvironmentVariables =
            {
                new Reapi.Command.Types.EnvironmentVariable { Name = "PATH", Value = "/usr/bin:/bin" },
                new Reapi.Command.Types.EnvironmentVariable { Name = "QUOTED", Value = "'$(id)'\nand more" },
            },
            WorkingDirectory = "work here",
            OutputPaths = { "out/deep/said", "tree" },
        };

        (string action, Reapi.ActionResult result) = await ExecuteAsync(channel, command, inputs, code, text);
        using var directory = new TemporaryDirectory();
        int exitCode = await ReplayAsync(server, action, directory["replayed"]);

        Assert.Equal((3, 3), (result.ExitCode, exitCode));
        Assert.Contains("two\nlines\n$HOME `id` \"x\" \\\n\nä*?\nPATH=/usr/bin:/bin\nQUOTED='$(id)'\nand more\nwhat is read\nwhat is read\n", File.ReadAllText(directory["replayed", "work here", "out", "deep", "said"]), StringComparison.Ordinal);
        Assert.Equal([result.OutputFiles.Single().Digest.Hash], [HashOf(directory["replayed", "work here", "out", "deep", "said"])]);
        Reapi.Tree tree = Reapi.Tree.Parser.ParseFrom(await DownloadAsync(server, result.OutputDirectories.Single().TreeDigest));
        var made = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("inner/copy", TestBlob.Of(await File.ReadAllBytesAsync(directory["replayed", "work here", "tree", "inner", "copy"], Token)).Digest, isExecutable: true)
            .AddSymlink("link", new FileInfo(directory["replayed", "work here", "tree", "link"]).LinkTarget!).Build();
        Assert.Equal(made.Root, tree.Root);
    }

    [Fact]
    public async Task An_action_of_Bazel_is_run_again_by_its_script()
    {
        Requires.Bazel();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        await using var workspace = new BazelWorkspace();
        workspace.Write("in.txt", "what is read\n");
        workspace.Write("BUILD", """genrule(name = "made", srcs = ["in.txt"], outs = ["sub/out.txt"], cmd = "{ cat $<; echo \"it's $$((6 * 7))\"; } > $@")""");
        (await workspace.BuildAsync(server.RemoteExecutorFlag, "--spawn_strategy=remote", "//...")).Succeeded();
        using var client = new HttpClient();
        JsonElement operation = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations?done=true"), Token)).GetProperty("operations")[0];
        string action = operation.GetProperty("action").GetString()!;
        JsonElement output = JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/actions/{action}"), Token)).GetProperty("result").GetProperty("files")[0];
        using var directory = new TemporaryDirectory();

        int exitCode = await ReplayAsync(server, action, directory["replayed"]);

        Assert.Equal(0, exitCode);
        Assert.StartsWith(HashOf(directory["replayed", output.GetProperty("path").GetString()!]) + "/", output.GetProperty("digest").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_can_not_be_run_again_says_why()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var client = new HttpClient();

        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{server.HttpAddress}/api/v1/actions/{TestBlob.Of([1]).Digest.Hash}/1/replay"), Token);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("not in the cache", await answer.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private static async Task<int> ReplayAsync(ServerProcess server, string action, string directory)
    {
        using var client = new HttpClient();
        string script = await client.GetStringAsync(new Uri($"http://{server.HttpAddress}/api/v1/actions/{action}/replay"), Token);
        string file = directory + ".sh";
        await File.WriteAllTextAsync(file, script, Token);
        var start = new ProcessStartInfo("bash", [file, directory]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["NOT_OF_THE_ACTION"] = "seen";
        using Process bash = Process.Start(start)!;
        Task<string> output = bash.StandardOutput.ReadToEndAsync(Token), errors = bash.StandardError.ReadToEndAsync(Token);
        await bash.WaitForExitAsync(Token);
        Assert.Equal($"the action runs in {directory}\n", await errors);
        Assert.Equal("", await output);
        return bash.ExitCode;
    }

    private static async Task<(string Action, Reapi.ActionResult Result)> ExecuteAsync(RpcChannel channel, Reapi.Command command, MerkleTree inputs, params IEnumerable<TestBlob> files)
    {
        TestBlob commandBlob = TestBlob.Of(command.ToByteArray());
        TestBlob action = TestBlob.Of(new Reapi.Action { CommandDigest = commandBlob.Digest.ToProto(), InputRootDigest = inputs.RootDigest.ToProto(), DoNotCache = false }.ToByteArray());
        var upload = new Reapi.BatchUpdateBlobsRequest();
        foreach (byte[] blob in files.Append(commandBlob).Append(action).Select(blob => blob.Content).Concat(inputs.Blobs.Select(blob => blob.Value.ToArray())))
            upload.Requests.Add(new Reapi.BatchUpdateBlobsRequest.Types.Request { Digest = TestBlob.Of(blob).Digest.ToProto(), Data = ByteString.CopyFrom(blob) });
        await channel.UnaryAsync<Reapi.BatchUpdateBlobsRequest, Reapi.BatchUpdateBlobsResponse>("/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs", upload, Token);
        Operation last = await channel.ServerStreamAsync<Reapi.ExecuteRequest, Operation>(
            "/build.bazel.remote.execution.v2.Execution/Execute", new Reapi.ExecuteRequest { ActionDigest = action.Digest.ToProto() }, Token).LastAsync(Token);
        return ($"{action.Digest.Hash}/{action.Digest.SizeBytes}", last.Response.Unpack<Reapi.ExecuteResponse>().Result);
    }

    private static async Task<byte[]> DownloadAsync(ServerProcess server, Reapi.Digest digest)
    {
        using var client = new HttpClient();
        return await client.GetByteArrayAsync(new Uri($"http://{server.HttpAddress}/api/v1/blobs/{digest.Hash}/{digest.SizeBytes}"), Token);
    }

    private static string HashOf(string path) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path)));
}
