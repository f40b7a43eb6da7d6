using System.Text.Json;
using RemoteExec.EndToEnd.Tests.Bazel;

namespace RemoteExec.EndToEnd.Tests.Top;

/// <summary><c>remoteexec top</c> on a real terminal, before a real server for which a real Bazel builds.</summary>
public sealed class TopTests(SharedWorkspace shared)
{
    [Fact]
    public async Task What_goes_on_is_shown_while_it_does_and_the_terminal_is_as_before_when_it_ends()
    {
        BazelWorkspace workspace = await shared.GetCleanAsync();
        await using var gate = new Gate();
        workspace.Write("watched/BUILD", $"""genrule(name = "watched", outs = ["out.txt"], cmd = "{gate.Command}; echo done > $@")""");
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "3");
        await using PseudoTerminal terminal = PseudoTerminal.Start(120, 30, "top", "--server", $"http://{server.HttpAddress}", "--interval", "200ms");
        await terminal.WaitForPageAsync(page => page.Contains("0/3", StringComparison.Ordinal), "the slots");

        string id = Guid.NewGuid().ToString();
        await using ChildProcess build = workspace.Start("build", server.RemoteExecutorFlag, $"--invocation_id={id}", "//watched");
        await gate.WaitForAsync(1);
        await terminal.WaitForPageAsync(
            page => page.Contains("1/3", StringComparison.Ordinal) && page.Contains("//watched:watched", StringComparison.Ordinal) && page.Contains(id, StringComparison.Ordinal),
            "the action that runs and its build");
        gate.Open();
        Assert.True(await build.WaitForExitAsync() == 0, build.Output);
        await terminal.WaitForPageAsync(page => page.Contains("0/3", StringComparison.Ordinal) && page.Contains(id, StringComparison.Ordinal), "the build without the action");

        terminal.Forget();
        await terminal.ResizeAsync(60, 12);
        await terminal.WaitForPageAsync(page => page.Split('\n') is { Length: 12 } lines && lines.All(line => line.Length <= 60), "twelve lines of no more than sixty characters");

        await terminal.TypeAsync("xq");
        string after = await terminal.WaitForEndAsync();
        Assert.StartsWith(PseudoTerminal.End + "0", after, StringComparison.Ordinal);
        Assert.Matches(@"(?<!-)\becho\b", after);
        Assert.Matches(@"(?<!-)\bicanon\b", after);
        Assert.Equal((1, 1), (Count(terminal.Written, "\e[?1049h"), Count(terminal.Written, "\e[?1049l")));
        Assert.EndsWith("\e[?1049l", terminal.Written[..terminal.Written.IndexOf(PseudoTerminal.End, StringComparison.Ordinal)], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_goes_away_is_told_and_found_again_and_an_interrupt_ends_it_well()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        await using PseudoTerminal terminal = PseudoTerminal.Start(160, 30, "top", "--server", $"http://{server.HttpAddress}", "--interval", "200ms");
        await terminal.WaitForPageAsync(page => page.Contains("this is a cache", StringComparison.Ordinal), "a cache");

        await server.KillAsync();
        await terminal.WaitForPageAsync(page => page.Contains("it is tried again. What follows is", StringComparison.Ordinal), "that nobody answers");
        await server.StartAgainAsync();
        terminal.Forget();
        await terminal.WaitForPageAsync(page => page.Contains("up for", StringComparison.Ordinal), "the server again");

        await terminal.TypeAsync("\u0003");
        Assert.StartsWith(PseudoTerminal.End + "0", await terminal.WaitForEndAsync(), StringComparison.Ordinal);
        Assert.Contains("\e[?25h\e[?1049l", terminal.Written, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_snapshot_is_for_scripts()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "2");
        string[] flags = ["top", "--server", $"http://{server.HttpAddress}", "--interval", "100ms"];

        await using ChildProcess json = ChildProcess.Start(ServerProcess.Program, [.. flags, "--json"]), once = ChildProcess.Start(ServerProcess.Program, [.. flags, "--once"]);
        Assert.Equal((0, 0), (await json.WaitForExitAsync(), await once.WaitForExitAsync()));

        using JsonDocument snapshot = JsonDocument.Parse(json.Output);
        Assert.Equal((2, 0), (snapshot.RootElement.GetProperty("queue").GetProperty("slots").GetInt32(), snapshot.RootElement.GetProperty("running").GetArrayLength()));
        Assert.Equal(0, snapshot.RootElement.GetProperty("rates").GetProperty("requests").GetDouble());
        Assert.Contains("0/2", once.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', once.Output);
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
