using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Runs;

/// <summary>Commands that are run on a worker, by the real program.</summary>
public sealed partial class RunTests(RunServer fixture) : IClassFixture<RunServer>, IDisposable
{
    private readonly TreeUser user = new(fixture.Server);

    public void Dispose() => user.Dispose();

    [Fact]
    public async Task A_command_has_its_inputs_its_outputs_and_its_exit_code_as_if_it_ran_here()
    {
        user.Write("src/a.txt", "hello\n"u8.ToArray());
        user.Write("tool", "#!/bin/sh\ntr a-z A-Z\n"u8.ToArray());
        File.SetUnixFileMode(user["tool"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        await using ChildProcess run = user.Start(
            "run", "-q", "--input", "src", "--input", "./tool=bin/tool", "--cwd", "src", "--output", "out/copy", "--output", "src/made", "--output", "link", "--env", "WHO=you", "--",
            "sh", "-c", "../bin/tool <a.txt >../out/copy; mkdir -p made/deep; echo $WHO >made/deep/who; chmod +x made/deep/who; ln -s src ../link; echo to stdout; echo to stderr >&2; exit 7");
        int code = await run.WaitForExitAsync();

        Assert.Equal((7, "to stdout\n", "to stderr\n"), (code, run.Results, run.Errors));
        Assert.Equal("HELLO\n", File.ReadAllText(user["out", "copy"]));
        Assert.Equal("you\n", File.ReadAllText(user["src", "made", "deep", "who"]));
        Assert.True(File.GetUnixFileMode(user["src", "made", "deep", "who"]).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal("src", new FileInfo(user["link"]).LinkTarget);
    }

    [Fact]
    public async Task Outputs_take_the_place_of_what_was_fetched_before_and_of_nothing_else()
    {
        await EndAsync(0, "run", "--output", "file", "--output", "dir", "--", "sh", "-c", "echo 1 >file; mkdir dir; echo 1 >dir/a");
        await EndAsync(0, "run", "--output", "file", "--output", "dir", "--", "sh", "-c", "echo 2 >file; mkdir dir; echo 2 >dir/b");
        Assert.Equal(("2\n", "2\n"), (File.ReadAllText(user["file"]), File.ReadAllText(user["dir", "b"])));
        Assert.False(File.Exists(user["dir", "a"]));
        user.Write("dir/mine", "mine"u8.ToArray());

        string refused = await EndAsync(125, "run", "--output", "dir", "--", "sh", "-c", "mkdir dir; echo 3 >dir/c");
        Assert.Contains("'mine' (added)", refused, StringComparison.Ordinal);
        Assert.Contains("what the command made is sha256:", refused, StringComparison.Ordinal);
        Assert.True(File.Exists(user["dir", "mine"]));
        await EndAsync(0, "run", "--force", "--download", "elsewhere", "--output", "dir", "--", "sh", "-c", "mkdir dir; echo 3 >dir/c");
        Assert.Equal("3\n", File.ReadAllText(user["elsewhere", "dir", "c"]));
    }

    [Fact]
    public async Task What_is_our_own_failure_is_none_of_the_command()
    {
        Assert.Contains("there is no file or directory 'nowhere'", await EndAsync(125, "run", "--input", "nowhere", "--", "true"), StringComparison.Ordinal);
        Assert.Contains("there is no flag '--bogus'", await EndAsync(125, "run", "--bogus", "--", "true"), StringComparison.Ordinal);
        Assert.Contains("made no 'nothing'", await EndAsync(125, "run", "--output", "nothing", "--", "true"), StringComparison.Ordinal);
        Assert.Contains("the command itself ended with 125", await EndAsync(125, "run", "--", "sh", "-c", "exit 125"), StringComparison.Ordinal);
        Assert.Contains("took too long", await EndAsync(124, "run", "--timeout", "1s", "--", "sleep", "600"), StringComparison.Ordinal);
        Assert.Contains("is unavailable", await EndAsync(125, "run", "--server", "grpc://127.0.0.1:1", "--", "true"), StringComparison.Ordinal);
        Assert.Contains("has no action", await EndAsync(125, "exec", $"{new string('0', 64)}/1"), StringComparison.Ordinal);
        await EndAsync(137, "run", "--", "sh", "-c", "kill -9 $$");
    }

    [Fact]
    public async Task What_a_command_writes_arrives_before_its_end_and_an_interrupt_ends_it_on_the_worker()
    {
        string marker = $"6{Random.Shared.Next(100_000, 999_999)}.5"; // seconds: nothing else sleeps for so long
        await using ChildProcess run = user.Start("run", "--", "sh", "-c", $"echo begun; echo aside >&2; exec sleep {marker}");
        await run.WaitForOutputAsync(output => output.Contains("begun\n", StringComparison.Ordinal) && output.Contains("aside\n", StringComparison.Ordinal), "what it wrote");
        Assert.False(run.HasExited);
        Assert.Contains(ProcessesWith(marker), id => id != run.Id);

        await run.SignalAsync("INT");

        Assert.Equal(130, await run.WaitForExitAsync());
        Assert.Contains("the server was asked to cancel it", run.Errors, StringComparison.Ordinal);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (ProcessesWith(marker).Any())
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, patience.Token);
    }

    [Fact]
    public async Task A_connection_that_breaks_off_is_no_end_and_nothing_is_written_twice()
    {
        await using FaultyLink link = FaultyLink.Start(fixture.Server.GrpcAddress);
        await using ChildProcess run = user.Start(
            "run", "-q", "--server", $"grpc://{link.Address}", "--output", "made", "--", "sh", "-c", "echo begun; sleep 4; echo ended; echo content >made");
        await run.WaitForOutputAsync(output => output.Contains("begun\n", StringComparison.Ordinal), "the first line");

        link.Set(LinkState.Down);
        link.Set(LinkState.Up);
        int code = await run.WaitForExitAsync();

        Assert.Equal((0, "begun\nended\n", ""), (code, run.Results, run.Errors));
        Assert.Equal("content\n", File.ReadAllText(user["made"]));
    }

    [Fact]
    public async Task A_command_that_writes_to_nobody_is_ended()
    {
        string output = await user.ShellAsync("set +o pipefail; remoteexec run -q -- sh -c 'while echo y; do sleep 0.1; done' 2>errors | head -n 1; cat errors");

        Assert.StartsWith("y\n", output, StringComparison.Ordinal);
        Assert.Contains("nobody reads it", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_is_cached_when_that_is_asked_for_and_an_action_runs_again_by_its_digest()
    {
        string[] command = ["--output", "made", "--", "sh", "-c", "date +%N | tee made"];

        JsonElement first = await AskAsync(["run", "--cache", "--json", .. command]);
        JsonElement again = await AskAsync(["run", "--cache", "--json", .. command]);
        JsonElement uncached = await AskAsync(["run", "--json", .. command]);
        string digest = first.GetProperty("action").GetString()!;
        string said = await EndAsync(0, ["run", "--cache", .. command]);
        JsonElement anew = await AskAsync(["exec", digest, "--no-cache", "--download", "anew", "--json"]);

        Assert.Equal((false, true, false, false), (Cached(first), Cached(again), Cached(uncached), Cached(anew)));
        Assert.Equal(Stdout(first), Stdout(again));
        Assert.NotEqual(Stdout(first), Stdout(anew));
        Assert.Equal(digest, again.GetProperty("action").GetString());
        Assert.NotEqual(digest, uncached.GetProperty("action").GetString());
        Assert.Contains($"cached: sha256:{digest}", said, StringComparison.Ordinal);
        Assert.Equal(Stdout(anew), anew.GetProperty("outputs")[0].GetProperty("file").GetString());
        Assert.Equal(File.ReadAllText(user["anew", "made"]), await EndAsync(0, "exec", "-q", digest)); // which is cached now
        Assert.Equal(0, anew.GetProperty("exitCode").GetInt32());
        Assert.Equal("ran", anew.GetProperty("outcome").GetString());
        Assert.NotEmpty(anew.GetProperty("worker").GetString()!);
        Assert.Equal(JsonValueKind.Number, anew.GetProperty("seconds").GetProperty("execution").ValueKind);

        static bool Cached(JsonElement run) => run.GetProperty("cached").GetBoolean();
        static string Stdout(JsonElement run) => run.GetProperty("stdout").GetString()!;
    }

    [Fact]
    public async Task What_one_action_made_is_an_input_of_another_without_being_sent()
    {
        user.Write("big", TestBlob.Random(1, 100_000).Content);
        JsonElement made = await AskAsync("run", "--json", "--input", "big", "--output", "dir", "--", "sh", "-c", "mkdir dir; cp big dir/a");
        string directory = made.GetProperty("outputs")[0].GetProperty("directory").GetString()!;

        JsonElement used = await AskAsync("run", "--json", "--input", $"{directory}=x", "--input", "big=x/sub/b", "--", "cmp", "x/a", "x/sub/b");

        Assert.Equal((100_000, 0), (made.GetProperty("sentBytes").GetInt64(), used.GetProperty("sentBytes").GetInt64()));
        Assert.Equal("a\n", await EndAsync(0, "ls", directory));
    }

    [Fact]
    public async Task What_is_not_the_same_each_time_is_found_and_the_cache_stays_as_it_is()
    {
        user.Write("src/a", "a"u8.ToArray());
        string[] command = ["--input", "src", "--output", "out", "--", "sh", "-c", "mkdir out; cp src/a out/same; tar -C out -cf out/all.tar same; date +%s%N"];
        JsonElement first = await AskAsync(["run", "--cache", "--json", .. command]);
        string digest = first.GetProperty("action").GetString()!;

        string text = await EndAsync(3, "check-determinism", digest, "--runs", "2");
        JsonElement report = JsonDocument.Parse(await EndAsync(3, "check-determinism", digest, "--runs", "3", "--json")).RootElement;
        JsonElement after = await AskAsync(["run", "--cache", "--json", .. command]);

        Assert.Contains("same  time: 20", text, StringComparison.Ordinal);
        Assert.Contains("likely times of files: ", text, StringComparison.Ordinal);
        Assert.False(report.GetProperty("deterministic").GetBoolean());
        Assert.Equal(3, report.GetProperty("runs").GetArrayLength());
        JsonElement[] differences = [.. report.GetProperty("differences").EnumerateArray()];
        Assert.Equal([("stdout", ""), ("output", "out/all.tar")], differences.Select(difference => (difference.GetProperty("part").GetString(), difference.GetProperty("path").GetString())));
        Assert.Equal("timestamp", differences[0].GetProperty("content").GetProperty("causes")[0].GetString());
        JsonElement member = differences[1].GetProperty("content").GetProperty("members")[0];
        Assert.Equal("same", member.GetProperty("name").GetString());
        Assert.StartsWith("time: ", member.GetProperty("aspects")[0].GetString(), StringComparison.Ordinal);
        Assert.True(after.GetProperty("cached").GetBoolean());
        Assert.Equal(first.GetProperty("stdout").GetString(), after.GetProperty("stdout").GetString());
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "run.md"), TestContext.Current.CancellationToken);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];

        string output = await user.ShellAsync(string.Concat(blocks));

        Assert.Equal(4, blocks.Length);
        Assert.Contains("\nHELLO\n", output, StringComparison.Ordinal);
        Assert.Contains("remoteexec: cached: sha256:", output, StringComparison.Ordinal);
        Assert.Contains("2 runs on 1 worker: all the same\n", output, StringComparison.Ordinal);
        Assert.Contains("hello.txt  time: 20", output, StringComparison.Ordinal);
    }

    private async Task<string> EndAsync(int expected, params string[] arguments)
    {
        await using ChildProcess process = user.Start(arguments);
        int code = await process.WaitForExitAsync();
        Assert.True(code == expected, $"{string.Join(' ', arguments)} ended with {code}: {process.Output}");
        return process.Output;
    }

    private async Task<JsonElement> AskAsync(params string[] arguments)
    {
        await using ChildProcess process = user.Start(arguments);
        int code = await process.WaitForExitAsync();
        Assert.True(code == 0, $"{string.Join(' ', arguments)} ended with {code}: {process.Output}");
        return JsonDocument.Parse(process.Results).RootElement;
    }

    private static IEnumerable<int> ProcessesWith(string marker)
    {
        foreach (string directory in Directory.GetDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out int id))
                continue;
            string line = "";
            try
            {
                line = File.ReadAllText($"{directory}/cmdline");
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }

            if (line.Contains(marker, StringComparison.Ordinal))
                yield return id;
        }
    }

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
