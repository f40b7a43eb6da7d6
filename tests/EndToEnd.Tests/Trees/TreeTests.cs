using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Trees;

public sealed partial class TreeTests
{
    [Fact]
    public async Task A_directory_is_a_digest()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        user.Write("site/index.html", "hello\n"u8.ToArray());
        user.Write("site/docs/a.html", "a"u8.ToArray());
        user.Write("site/docs/copy.html", "a"u8.ToArray());
        user.Write("site/debug.log", "noise"u8.ToArray());
        File.SetUnixFileMode(user["site", "index.html"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(user["site", "latest"], "docs");

        string[] lines = (await user.RunAsync("push", "site", "--exclude", "*.log")).TrimEnd('\n').Split('\n');
        string digest = lines[^1];

        Assert.StartsWith("sha256:", digest, StringComparison.Ordinal);
        Assert.StartsWith("3 files, 8 B; 4 blobs missing, ", lines[0], StringComparison.Ordinal);
        Assert.Equal("docs/\nindex.html\nlatest\n", await user.RunAsync("ls", digest));
        Assert.Equal("a.html\ncopy.html\n", await user.RunAsync("ls", $"{digest}:docs"));
        Assert.Contains("exec             6  index.html  sha256:", await user.RunAsync("ls", "-lR", digest), StringComparison.Ordinal);
        Assert.Equal("hello\n", await user.RunAsync("cat", $"{digest}:index.html"));
        JsonElement use = await user.AskAsync("du", digest);
        Assert.Equal((8, 7), (use[0].GetProperty("bytes").GetInt64(), use[0].GetProperty("uniqueBytes").GetInt64()));
        Assert.Equal("- debug.log\n", await user.RunAsync("diff", "./site", digest));
        await user.RunAsync("pull", digest, "copy");
        Assert.Equal("docs", new FileInfo(user["copy", "latest"]).LinkTarget);
        Assert.Equal("no difference\n", await user.RunAsync("diff", "./copy", digest));
        user.Write("copy/docs/mine.html", "mine"u8.ToArray());
        File.WriteAllText(user["site", "index.html"], "bye\n");
        string next = (await user.RunAsync("push", "site")).TrimEnd('\n').Split('\n')[^1];
        Assert.Equal($"remoteexec: '{user["copy"]}' was changed since it was pulled: 'docs/mine.html' (added); push it, or give that up with --force\n", await user.FailAsync("pull", next, "copy"));
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "trees.md"), TestContext.Current.CancellationToken);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];

        string output = await user.ShellAsync(string.Concat(blocks));

        Assert.Equal(3, blocks.Length);
        Assert.Contains("\nmanual\n", output, StringComparison.Ordinal);
        Assert.Contains("help -> docs/manual.txt\n", output, StringComparison.Ordinal);
        Assert.Contains("\n~ docs/manual.txt\n", output, StringComparison.Ordinal);
        Assert.EndsWith("\nno difference\n", output, StringComparison.Ordinal);
        Assert.Equal("second edition\n", File.ReadAllText(user["copy", "help"]));
    }

    [Fact]
    public async Task A_hundred_thousand_files_go_there_and_back()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        for (int i = 0; i < 100_000; i++)
        {
            if (i % 500 == 0)
                Directory.CreateDirectory(user["from", $"{i / 10_000}", $"{i / 500}"]);
            File.WriteAllText(user["from", $"{i / 10_000}", $"{i / 500}", $"file{i}"], $"{i}");
        }

        JsonElement pushed = await user.AskAsync("push", "from");
        JsonElement again = await user.AskAsync("push", "from");
        string digest = pushed.GetProperty("root").GetString()!;
        JsonElement pulled = await user.AskAsync("pull", digest, "to");
        JsonElement nothing = await user.AskAsync("pull", digest, "to");

        Assert.Equal((100_000, 211), (pushed.GetProperty("files").GetInt32(), pushed.GetProperty("directories").GetInt32()));
        Assert.Equal((digest, 0, 0), (again.GetProperty("root").GetString(), again.GetProperty("missingBlobs").GetInt32(), again.GetProperty("sentBytes").GetInt64()));
        Assert.Equal((100_000, 100_000), (pulled.GetProperty("files").GetInt32(), pulled.GetProperty("fetchedBlobs").GetInt32()));
        Assert.True(nothing.GetProperty("unchanged").GetBoolean());
        Assert.Equal(digest, (await user.AskAsync("push", "to")).GetProperty("root").GetString());
    }

    [Fact]
    public async Task One_per_cent_of_a_large_file_moves_five_per_cent_at_most()
    {
        const int Bytes = 256 * 1024 * 1024;
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        byte[] content = new byte[Bytes];
        Random.Shared.NextBytes(content);
        user.Write("from/disk.img", content);
        JsonElement first = await user.AskAsync("push", "from");
        await user.RunAsync("pull", first.GetProperty("root").GetString()!, "to");
        Random.Shared.NextBytes(content.AsSpan(Bytes / 3, Bytes / 100));
        user.Write("from/disk.img", content);

        JsonElement second = await user.AskAsync("push", "from");
        JsonElement pulled = await user.AskAsync("pull", second.GetProperty("root").GetString()!, "to");

        Assert.InRange(second.GetProperty("sentBytes").GetInt64(), Bytes / 100, Bytes / 20);
        Assert.InRange(pulled.GetProperty("fetchedBytes").GetInt64(), Bytes / 100, Bytes / 20);
        Assert.Equal(content, File.ReadAllBytes(user["to", "disk.img"]));
    }

    [Fact]
    public async Task Who_has_never_pushed_it_sends_what_differs_from_what_the_reference_names()
    {
        const int Bytes = 64 * 1024 * 1024;
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using TreeUser one = new(server), other = new(server);
        byte[] content = new byte[Bytes];
        Random.Shared.NextBytes(content);
        one.Write("from/disk.img", content);
        await one.RunAsync("push", "from", "--ref", "disk");
        Random.Shared.NextBytes(content.AsSpan(Bytes / 3, Bytes / 100));
        other.Write("mine/disk.img", content);

        JsonElement pushed = await other.AskAsync("push", "mine", "--ref", "disk");
        await one.RunAsync("pull", "disk", "to");

        Assert.InRange(pushed.GetProperty("sentBytes").GetInt64(), Bytes / 100, Bytes / 10);
        Assert.Equal(content, File.ReadAllBytes(one["to", "disk.img"]));
    }

    [Fact]
    public async Task A_large_file_goes_on_where_a_push_was_killed()
    {
        const int Mebibyte = 1024 * 1024;
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        await using FaultyLink link = FaultyLink.Start(server.GrpcAddress);
        using var user = new TreeUser(server, link);
        byte[] content = new byte[96 * Mebibyte];
        Random.Shared.NextBytes(content);
        user.Write("from/disk.img", content);
        link.SetSilentAfter(32 * Mebibyte);
        await using (ChildProcess push = user.Start("push", "from"))
        {
            while (link.State == LinkState.Up && !push.HasExited)
                await Task.Delay(20, TestContext.Current.CancellationToken);
            await push.SignalAsync("KILL");
            await push.WaitForExitAsync();
        }

        link.Set(LinkState.Up);
        JsonElement pushed = await user.AskAsync("push", "from");
        await user.RunAsync("pull", pushed.GetProperty("root").GetString()!, "to");

        Assert.InRange(pushed.GetProperty("sentBytes").GetInt64(), 64 * Mebibyte, 95 * Mebibyte);
        Assert.Equal(content, File.ReadAllBytes(user["to", "disk.img"]));
        Assert.Empty(Directory.EnumerateFiles(user["..", "cache"], "*.upload", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Whenever_a_push_is_killed_the_next_one_completes_it()
    {
        Chance chance = Chance.Create();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        for (int round = 0; round < 5 * Chance.Effort; round++)
        {
            Random random = chance.ForCase(round).Random;
            WriteSome(user, $"from{round}", random);

            await KillAsync(user.Start("push", $"from{round}"), random);
            string digest = (await user.AskAsync("push", $"from{round}")).GetProperty("root").GetString()!;
            await user.RunAsync("pull", digest, $"to{round}");

            Assert.Equal("no difference\n", await user.RunAsync("diff", $"./from{round}", $"./to{round}"));
        }
    }

    [Fact]
    public async Task Whenever_a_pull_is_killed_there_is_no_half_of_a_directory_and_the_next_one_completes_it()
    {
        Chance chance = Chance.Create();
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        var digests = new List<string>();
        for (int version = 0; version < 2; version++)
        {
            WriteSome(user, "from", chance.ForCase(version).Random);
            digests.Add((await user.AskAsync("push", "from")).GetProperty("root").GetString()!);
        }

        await user.RunAsync("pull", digests[0], "to");
        for (int round = 0; round < 10 * Chance.Effort; round++)
        {
            (string before, string after) = (digests[round % 2], digests[(round + 1) % 2]);

            await KillAsync(user.Start("pull", after, "to"), chance.ForCase(round).Random);
            string seen = (await user.AskAsync("push", "to")).GetProperty("root").GetString()!;
            await user.RunAsync("pull", after, "to");

            Assert.True(seen == before || seen == after, $"neither of the two: {chance.ForCase(round)}");
            Assert.Equal(after, (await user.AskAsync("push", "to")).GetProperty("root").GetString());
            Assert.Empty(Directory.GetFileSystemEntries(user["."], ".to*"));
        }
    }

    private static async Task KillAsync(ChildProcess process, Random random)
    {
        await using ChildProcess killed = process;
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500)), TimeProvider.System, TestContext.Current.CancellationToken); // any moment is good: some are too late
        if (!process.HasExited)
            await process.SignalAsync("KILL");
        await process.WaitForExitAsync();
    }

    private static void WriteSome(TreeUser user, string name, Random random)
    {
        byte[] large = new byte[30_000_000];
        random.NextBytes(large);
        user.Write($"{name}/large", large);
        for (int i = 0; i < 2000; i++)
            user.Write($"{name}/{i % 20}/{i}", Encoding.UTF8.GetBytes($"{random.Next(4000)}"));
    }

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
