using System.Text.Json;

namespace RemoteExec.EndToEnd.Tests.Trees;

/// <summary>Directories by the names of references, on a real server.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public async Task A_name_stands_for_a_directory_wherever_a_digest_can()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        user.Write("site/index.html", "one\n"u8.ToArray());

        JsonElement pushed = await user.AskAsync("push", "site", "--ref", "site/nightly");
        await user.RunAsync("pull", "site/nightly", "copy");
        user.Write("site/index.html", "two\n"u8.ToArray());
        JsonElement again = await user.AskAsync("push", "site", "--ref", "site/nightly");

        Assert.Equal(("site/nightly", 1), (pushed.GetProperty("reference").GetString(), pushed.GetProperty("version").GetInt64()));
        Assert.Equal(2, again.GetProperty("version").GetInt64());
        Assert.Equal("two\n", await user.RunAsync("cat", "site/nightly:index.html"));
        Assert.Equal("~ index.html\n", await user.RunAsync("diff", "./copy", "site/nightly"));
        await user.RunAsync("pull", "site/nightly", "copy");
        Assert.Equal("two\n", File.ReadAllText(user["copy", "index.html"]));
        Assert.Equal("remoteexec: there is no reference 'nowhere': give a name to what you push with push --ref\n", await user.FailAsync("ls", "nowhere"));
    }

    [Fact]
    public async Task One_directory_follows_another()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        user.Write("here/file", "0"u8.ToArray());
        await using ChildProcess pushing = user.Start("sync", "./here", "preview", "--watch");
        await pushing.WaitForOutputAsync(output => output.Contains("preview = sha256:", StringComparison.Ordinal), "the first push");
        await using ChildProcess pulling = user.Start("sync", "preview", "./there", "--watch");
        await pulling.WaitForOutputAsync(output => output.Contains("preview = sha256:", StringComparison.Ordinal), "the first pull");

        for (int change = 1; change <= 3; change++)
        {
            int lines = pulling.Output.Split('\n').Length;
            File.WriteAllText(user["here", "file"], $"{change}");
            Directory.CreateDirectory(user["here", $"dir{change}"]);
            await pulling.WaitForOutputAsync(_ => File.ReadAllText(user["there", "file"]) == $"{change}" && Directory.Exists(user["there", $"dir{change}"]), $"change {change}, {lines} lines so far");
        }

        await pushing.SignalAsync("INT");
        Assert.Equal(130, await pushing.WaitForExitAsync());
    }

    [Fact]
    public async Task A_name_that_somebody_else_has_moved_is_not_moved_back()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        user.Write("mine/file", "0"u8.ToArray());
        user.Write("theirs/file", "1"u8.ToArray());
        await using ChildProcess pushing = user.Start("sync", "./mine", "preview", "--watch");
        await pushing.WaitForOutputAsync(output => output.Contains("preview = sha256:", StringComparison.Ordinal), "the first push");
        string theirs = (await user.AskAsync("push", "theirs", "--ref", "preview")).GetProperty("root").GetString()!;

        File.WriteAllText(user["mine", "file"], "2");

        Assert.Equal(1, await pushing.WaitForExitAsync());
        Assert.EndsWith("remoteexec: 'preview' was moved by somebody else meanwhile: look at what it names now, and try again\n", pushing.Output, StringComparison.Ordinal);
        Assert.Equal("no difference\n", await user.RunAsync("diff", "preview", theirs));
    }

    [Fact]
    public async Task Names_are_set_listed_moved_and_deleted_and_what_they_keep_is_told()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "0");
        using var user = new TreeUser(server);
        user.Write("site/common", TestBlob.Random(1, 10_000).Content);
        user.Write("site/page", TestBlob.Random(2, 1000).Content);
        string first = (await user.AskAsync("push", "site", "--ref", "app")).GetProperty("root").GetString()!;
        user.Write("site/page", TestBlob.Random(3, 3000).Content);
        string second = (await user.AskAsync("push", "site", "--ref", "app")).GetProperty("root").GetString()!;

        Assert.Equal($"app@1 = sha256:{first} (version 1)\n", await user.RunAsync("refs", "set", "app@1", first, "--note", "the first", "--expires", "30d"));
        Assert.Contains("app@1", await user.FailAsync("refs", "set", "app@1", "app"), StringComparison.Ordinal); // a tag stays where it is
        Assert.Contains("moved by somebody else", await user.FailAsync("refs", "set", "app", "app@1", "--expect", "1"), StringComparison.Ordinal);
        Assert.Equal(["app", "app@1"], (await user.AskAsync("refs", "list", "a")).GetProperty("references").EnumerateArray().Select(reference => reference.GetProperty("name").GetString()));
        Assert.Equal(["2", "1"], (await user.AskAsync("refs", "log", "app")).GetProperty("references").EnumerateArray().Select(reference => reference.GetProperty("version").GetString()));
        Assert.Contains("the first", await user.RunAsync("refs", "list"), StringComparison.Ordinal);

        JsonElement kept = await user.AskAsync("gc");
        JsonElement[] each = [.. kept.GetProperty("references").EnumerateArray()];
        long rootOf(string digest) => long.Parse(digest.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(["app", "app@1"], each.Select(one => one.GetProperty("name").GetString()));
        Assert.Equal([3000 + rootOf(second), 1000 + rootOf(first)], each.Select(one => one.GetProperty("ownBytes").GetInt64()));
        Assert.Equal(14_000 + rootOf(first) + rootOf(second), kept.GetProperty("bytes").GetInt64());

        await user.RunAsync("refs", "set", "app", "app@1", "--expect", "2");
        Assert.Equal("no difference\n", await user.RunAsync("diff", "app", first));
        await user.RunAsync("refs", "delete", "app@1");
        Assert.Equal(["app"], (await user.AskAsync("refs", "list")).GetProperty("references").EnumerateArray().Select(reference => reference.GetProperty("name").GetString()));
        await server.RestartAsync("--workers", "0");
        Assert.Equal("no difference\n", await user.RunAsync("diff", "app", first));
    }
}
