using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Deploy;

/// <summary>Releases, put into service by the program out of a real server.</summary>
public sealed partial class DeployTests
{
    [Fact]
    public async Task Each_move_of_a_reference_is_a_release_and_what_its_hook_refuses_is_taken_back()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        await user.PushAsync("1");

        JsonElement first = await user.AskAsync("deploy", "app", "srv");
        JsonElement same = await user.AskAsync("deploy", "app", "srv");
        await user.PushAsync("2");
        string refused = await user.FailAsync("deploy", "app", "srv", "--post", "cat version >>../../told; test $(cat version) != 2");
        string afterRefusal = File.ReadAllText(user["srv", "current", "version"]);
        JsonElement second = await user.AskAsync("deploy", "app", "srv");

        Assert.Equal((1, false, true), (first.GetProperty("version").GetInt64(), first.GetProperty("unchanged").GetBoolean(), same.GetProperty("unchanged").GetBoolean()));
        Assert.Matches(@"^remoteexec: --post ended with 1 in '.*/srv/releases/[0-9a-f]{64}': [0-9a-f]{12} \(app, version 1\) is in service again\n$", refused);
        Assert.Equal(("1", "21"), (afterRefusal, File.ReadAllText(user["srv", "told"])));
        Assert.Equal((2, 0), (second.GetProperty("version").GetInt64(), second.GetProperty("fetchedBlobs").GetInt32()));
        Assert.Equal(first.GetProperty("digest").GetString(), second.GetProperty("before").GetString());

        await server.StopAsync(); // which is not needed to go back
        Assert.Equal(["current", "kept 1"], await StatesAsync(user));
        JsonElement back = await AskAsync(user, "rollback", "srv", "--verify");
        Assert.Equal(first.GetProperty("digest").GetString(), back.GetProperty("digest").GetString());
        Assert.Equal("1", File.ReadAllText(user["srv", "current", "version"]));
        Assert.Equal(["kept", "current"], await StatesAsync(user));
    }

    [Fact]
    public async Task A_reference_is_followed_and_a_release_that_fails_is_waited_out()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        await user.PushAsync("1");
        await using ChildProcess watching = user.Start("deploy", "app", "srv", "--watch", "--post", "test $(cat version) != 2");
        await watching.WaitForOutputAsync(output => output.Contains("is in service  ", StringComparison.Ordinal), "the first release");

        await user.PushAsync("2");
        await watching.WaitForOutputAsync(output => output.Contains("is in service again", StringComparison.Ordinal), "the release that is taken back");
        Assert.Equal("1", File.ReadAllText(user["srv", "current", "version"]));
        await server.KillAsync();
        await server.StartAgainAsync();
        await user.PushAsync("3");
        await watching.WaitForOutputAsync(_ => File.ReadAllText(user["srv", "current", "version"]) == "3", "the third release");

        await watching.SignalAsync("TERM");
        Assert.Equal(130, await watching.WaitForExitAsync());
    }

    [Fact]
    public async Task Whenever_a_deployment_is_killed_what_is_in_service_is_whole_and_the_next_one_goes_on()
    {
        Chance chance = Chance.Create();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        var roots = new List<string>();
        for (int version = 0; version < 4; version++)
        {
            Random random = chance.ForCase(version).Random;
            byte[] large = new byte[10_000_000];
            random.NextBytes(large);
            user.Write("app/large", large);
            for (int i = 0; i < 1000; i++)
                user.Write($"app/{i % 20}/{i}", System.Text.Encoding.UTF8.GetBytes($"{random.Next(4000)}"));
            roots.Add((await user.AskAsync("push", "app")).GetProperty("root").GetString()!);
        }

        string before = roots[0];
        await user.RunAsync("deploy", before, "srv");
        for (int round = 1; round < 6 * Chance.Effort; round++)
        {
            string after = roots[round % roots.Count];
            await using (ChildProcess killed = user.Start("deploy", after, "srv", "--keep", "2", "--pre", "true", "--post", "sleep 0.1"))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(chance.ForCase(round).Random.Next(1500)), TimeProvider.System, TestContext.Current.CancellationToken); // any moment is good: some are too late
                if (!killed.HasExited)
                    await killed.SignalAsync("KILL");
                await killed.WaitForExitAsync();
            }

            string seen = (await user.AskAsync("push", "srv/current")).GetProperty("root").GetString()!;
            await user.RunAsync("deploy", after, "srv", "--keep", "2");

            Assert.True(seen == before || seen == after, $"neither of the two: {chance.ForCase(round)}");
            Assert.Equal(after, (await user.AskAsync("push", "srv/current")).GetProperty("root").GetString());
            Assert.Equal(2, Directory.GetFileSystemEntries(user["srv", "releases"]).Length);
            before = after;
        }
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "deploy.md"), TestContext.Current.CancellationToken);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];

        string output = await user.ShellAsync(string.Concat(blocks));

        Assert.Equal(3, blocks.Length);
        Assert.Matches(@"(?m)^current  +[0-9a-f]{12}  .*Z  app/production, version 2$", output);
        Assert.Matches(@"(?m)^1 back   +[0-9a-f]{12}  .*Z  app/production, version 1$", output);
        Assert.Contains("edition 2\n", output, StringComparison.Ordinal);
        Assert.Contains("is in service again\n", output, StringComparison.Ordinal);
        Assert.EndsWith("edition 1\n", output, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> AskAsync(TreeUser user, params string[] arguments)
    {
        await using ChildProcess process = ChildProcess.Start(ServerProcess.Program, [.. arguments, "--json"], user["."]);
        Assert.True(await process.WaitForExitAsync() == 0, process.Output);
        return JsonDocument.Parse(process.Output).RootElement;
    }

    private static async Task<IEnumerable<string>> StatesAsync(TreeUser user) =>
        (await AskAsync(user, "releases", "srv")).EnumerateArray().Select(release => $"{release.GetProperty("state")}{(release.TryGetProperty("back", out JsonElement back) ? $" {back}" : "")}");

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}

/// <summary>What users do in these tests.</summary>
internal static class Releases
{
    /// <summary>Pushes an app of a version, and lets a reference lead to it.</summary>
    public static Task PushAsync(this TreeUser user, string version)
    {
        user.Write("app/version", System.Text.Encoding.UTF8.GetBytes(version));
        user.Write("app/lib/same", "the same in each"u8.ToArray());
        return user.RunAsync("push", "app", "--ref", "app");
    }
}
