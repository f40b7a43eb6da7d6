using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.Protocol;

namespace RemoteExec.EndToEnd.Tests.Replay;

/// <summary><c>remoteexec replay</c> without a shell, by the real program: what an action did on a worker, it does here, and what differs is told.</summary>
public sealed partial class ReplayTests(ReplayBed bed) : IClassFixture<ReplayBed>
{
    private const string Script =
        """
        cat ../../in/text; echo "$SAID" >&2; pwd; id -un
        mkdir -p tree/inner; echo one > tree/inner/file; ln -s inner/file tree/link; printf '0123456789' > flat
        """;

    private static readonly string[] outputs = ["flat", "tree", "never/made"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_action_that_does_the_same_again_is_the_same()
    {
        (string action, Reapi.ActionResult _, string operation) = await bed.ExecuteAsync(Script, outputs);

        await using ChildProcess shown = await bed.RunAsync(0, action);
        JsonElement told = await bed.AskAsync(0, operation);

        Assert.Contains("what is read\n/work/inner/here\nbuild\n", shown.Output.Replace("it's here\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("the command ended with 0 after ", shown.Errors, StringComparison.Ordinal);
        Assert.Contains("it's here\n", shown.Errors, StringComparison.Ordinal);
        Assert.EndsWith("the same as recorded: stdout, stderr, 5 outputs\n", shown.Errors, StringComparison.Ordinal);
        Assert.Equal((true, 0, 0), (told.GetProperty("same").GetBoolean(), told.GetProperty("exitCode").GetInt32(), told.GetProperty("recordedExitCode").GetInt32()));
        Assert.Equal(action, $"{told.GetProperty("digestFunction").GetString()}:{told.GetProperty("action").GetString()}");
        Assert.Equal(told.GetProperty("sandbox").GetString(), told.GetProperty("recordedSandbox").GetString());
        Assert.Equal(0, told.GetProperty("fetchedBytes").GetInt64()); // the replay before has fetched them
        Assert.Equal(
            ["stdout", "stderr", "flat", "tree", "tree/inner", "tree/inner/file", "tree/link"],
            told.GetProperty("parts").EnumerateArray().Select(part => part.TryGetProperty("path", out JsonElement path) ? path.GetString() : part.GetProperty("kind").GetString()));
    }

    [Fact]
    public async Task What_comes_out_otherwise_is_told_with_the_first_byte_that_differs_and_an_exit_code_of_its_own()
    {
        Reapi.Digest flat = await bed.UploadAsync("0123x56789"), lost = TestBlob.Of("never uploaded"u8.ToArray()).Digest.ToProto();
        string action = await bed.ExecuteAndChangeAsync("echo differs; " + Script, outputs, result =>
        {
            result.OutputFiles.Single(file => file.Path == "flat").Digest = flat;
            result.OutputFiles.Add(new Reapi.OutputFile { Path = "gone", Digest = flat });
            result.OutputDirectories.Clear();
            result.OutputSymlinks.Add(new Reapi.OutputSymlink { Path = "tree/link", Target = "elsewhere" });
            result.StderrDigest = flat;
        });

        await using ChildProcess shown = await bed.RunAsync(3, action);
        JsonElement told = await bed.AskAsync(3, action);

        Assert.Contains("  flat             differs from byte 4 on: 10 bytes are recorded, 10 were made here\n", shown.Errors, StringComparison.Ordinal);
        Assert.Contains("  gone             missing: only the recorded result has it\n", shown.Errors, StringComparison.Ordinal);
        Assert.Contains("  tree/inner/file  new: the recorded result has it not\n", shown.Errors, StringComparison.Ordinal);
        Assert.Contains("  tree/link        differs: a symlink to 'elsewhere' is recorded, here it leads to 'inner/file'\n", shown.Errors, StringComparison.Ordinal);
        Assert.Contains("  stderr           differs from byte 0 on: ", shown.Errors, StringComparison.Ordinal);
        Assert.EndsWith("the same as recorded: stdout\n", shown.Errors, StringComparison.Ordinal);
        Assert.False(told.GetProperty("same").GetBoolean());
        JsonElement part = told.GetProperty("parts").EnumerateArray().Single(part => part.TryGetProperty("path", out JsonElement path) && path.GetString() == "flat");
        Assert.Equal(("differs", 4), (part.GetProperty("verdict").GetString(), part.GetProperty("firstOffset").GetInt32()));
        Assert.NotEqual(lost, flat);
    }

    [Fact]
    public async Task The_exit_code_is_the_commands_and_that_of_a_failure_is_compared_by_its_operation()
    {
        (string action, Reapi.ActionResult result, string operation) = await bed.ExecuteAsync("echo it fails; exit 42");

        await using ChildProcess byDigest = await bed.RunAsync(42, action);
        await using ChildProcess byName = await bed.RunAsync(42, operation);

        Assert.Equal(42, result.ExitCode);
        Assert.Contains("there is no recorded result to compare with", byDigest.Errors, StringComparison.Ordinal);
        Assert.EndsWith("the same as recorded: stdout, stderr\n", byName.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_written_is_shown_as_it_is_written()
    {
        string action = await bed.PrepareAsync("echo first; while ! [ -e /tmp/enough ]; do sleep 0.1; done", Empty, platform: null);
        await using ChildProcess replay = bed.Start([action]);

        await replay.WaitForOutputAsync(output => output.Contains("\nfirst\n", StringComparison.Ordinal), "the first line");

        Assert.False(replay.HasExited);
        await replay.SignalAsync("INT");
        Assert.Equal(130, await replay.WaitForExitAsync());
        Assert.Empty(bed.Scratch);
    }

    [Fact]
    public async Task Missing_inputs_are_told_by_path()
    {
        Digest absent = TestBlob.Of("what nobody has uploaded"u8.ToArray()).Digest;
        MerkleTree inputs = new MerkleTreeBuilder(default, DigestFunction.Sha256).AddFile("lib/deep/gone.txt", absent).AddFile("also gone", absent).AddDirectory("inner/here").Build();
        string action = await bed.PrepareAsync("true", inputs, platform: null);

        await using ChildProcess replay = await bed.RunAsync(125, action);
        await using ChildProcess nothing = await bed.RunAsync(125, $"sha256:{absent.Hash}/{absent.SizeBytes}");

        Assert.Contains($"remoteexec: the server lacks some of what action {action} needs", replay.Errors, StringComparison.Ordinal);
        Assert.Contains($"  lib/deep/gone.txt ({absent.Hash}/{absent.SizeBytes})\n", replay.Errors, StringComparison.Ordinal);
        Assert.Contains("  also gone (", replay.Errors, StringComparison.Ordinal);
        Assert.Contains($"the server has no action sha256:{absent.Hash}/", nothing.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_kept_is_all_that_the_action_had_and_made()
    {
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync("echo kept; " + Script, outputs);
        string kept = bed["kept"];

        await using ChildProcess replay = await bed.RunAsync(0, action, "--keep", kept);

        Assert.EndsWith($"kept: {kept}\n", replay.Errors, StringComparison.Ordinal);
        Assert.Equal("what is read\n", await File.ReadAllTextAsync(Path.Combine(kept, "root", "in", "text"), Token));
        Assert.Equal("one\n", await File.ReadAllTextAsync(Path.Combine(kept, "root", "inner", "here", "tree", "link"), Token));
        Assert.StartsWith("kept\nwhat is read\n", await File.ReadAllTextAsync(Path.Combine(kept, "stdout"), Token), StringComparison.Ordinal);
        Assert.Equal("it's here\n", await File.ReadAllTextAsync(Path.Combine(kept, "stderr"), Token));
    }

    [Theory]
    [InlineData("namespaces")]
    [InlineData("directory")]
    public async Task A_lower_sandbox_is_taken_if_it_is_asked_for_and_told_what_that_means(string tier)
    {
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync("cat ../../in/text > flat", "flat");

        await using ChildProcess replay = await bed.RunAsync(0, action, "--tier", tier);

        Assert.Contains($" in the sandbox '{tier}', ", replay.Errors, StringComparison.Ordinal);
        Assert.Contains("That is less than 'cached-trees', which its worker had. Each action ", replay.Errors, StringComparison.Ordinal);
        Assert.EndsWith("the same as recorded: stdout, stderr, 1 output\n", replay.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ordinary_user_replays_in_namespaces_of_his_own()
    {
        Requires.True(System.Environment.IsPrivilegedProcess, "needs root, to become an ordinary user");
        (string action, Reapi.ActionResult _, string _) = await bed.ExecuteAsync("echo by anybody; " + Script, outputs);
        string kept = bed["kept by nobody"];

        await using ChildProcess replay = bed.Start([action, "--keep", kept], bed.Nobody);

        Assert.True(await replay.WaitForExitAsync() == 0, replay.Output);
        Assert.Contains("in the sandbox 'cached-trees', in user namespaces", replay.Errors, StringComparison.Ordinal);
        Assert.Contains("the same as recorded: stdout, stderr, 5 outputs\n", replay.Errors, StringComparison.Ordinal);
        Assert.Equal("one\n", await File.ReadAllTextAsync(Path.Combine(kept, "root", "inner", "here", "tree", "inner", "file"), Token));
        Assert.Empty(bed.Scratch);
    }

    [Fact]
    public async Task What_a_replay_leaves_that_was_killed_the_next_one_deletes()
    {
        string action = await bed.PrepareAsync("echo runs; sleep 61803", Empty, platform: null);
        await using (ChildProcess killed = bed.Start([action]))
        {
            await killed.WaitForOutputAsync(output => output.Contains("\nruns\n", StringComparison.Ordinal), "what the command says");
            await killed.SignalAsync("KILL");
            await killed.WaitForExitAsync();
        }

        string left = Assert.Single(bed.Scratch);
        Directory.SetLastWriteTimeUtc(left, DateTime.UnixEpoch); // what is new may be about to be used

        await using ChildProcess next = await bed.RunAsync(0, await bed.PrepareAsync("true", Empty, platform: null));
    }

    [Fact]
    public async Task Who_may_not_read_is_told_so()
    {
        using var files = new TemporaryDirectory();
        await using ChildProcess create = ChildProcess.Start(ServerProcess.Program, ["token", "create", "somebody", "--role", "reader", "--tokens", files["tokens"]]);
        Assert.Equal(0, await create.WaitForExitAsync());
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1", "--set", $"auth.tokens.file={files["tokens"]}");

        await using ChildProcess byDigest = await bed.RunAsync(125, $"{new string('0', 64)}/1", "--server", server.GrpcAddress);
        await using ChildProcess byName = await bed.RunAsync(125, "operations/6f9c2a4e-0000-4000-8000-000000000000", "--server", server.GrpcAddress);

        Assert.Contains("the server does not let you read the action: ", byDigest.Errors, StringComparison.Ordinal);
        Assert.Contains("the server does not tell you about 'operations/6f9c2a4e-0000-4000-8000-000000000000'", byName.Errors, StringComparison.Ordinal);
        Assert.All([byDigest.Errors, byName.Errors], said => Assert.Contains("--token-file", said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        (string action, Reapi.ActionResult _, string operation) = await bed.ExecuteAsync("echo documented; cat ../../in/text > flat", "flat");
        string[] blocks = [.. RunBlock().Matches(await File.ReadAllTextAsync(Repository.Path("docs", "replay.md"), Token)).Select(match => match.Groups["lines"].Value)];

        await using ChildProcess shell = await bed.ShellAsync(0, $"ACTION={action} OPERATION={operation}\n{string.Concat(blocks)}");

        Assert.Equal(3, blocks.Length);
        Assert.Equal(4, shell.Output.Split("the same as recorded: stdout, stderr, 1 output\n").Length - 1);
        Assert.Equal("what is read\n", await File.ReadAllTextAsync(bed["replayed/root/inner/here/flat"], Token));
        Assert.Contains("\ndocumented\nwhat is read\n", shell.Output, StringComparison.Ordinal);
    }

    private static MerkleTree Empty => new MerkleTreeBuilder(default, DigestFunction.Sha256).AddDirectory("inner/here").Build();

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
