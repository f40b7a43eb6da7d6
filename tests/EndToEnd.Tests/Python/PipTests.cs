using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>What pip makes of an index, and of another one behind it, both of them servers of ours. Tests share these, and an environment: each has packages of its own.</summary>
/// <param name="pip">The servers, and who uses them.</param>
public sealed partial class PipTests(PipFixture pip) : IClassFixture<PipFixture>
{
    private readonly PipUser user = pip.User;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string TeamIndex => $"{user.Index}/team/simple/";

    [Fact]
    public async Task Packages_are_installed_with_what_they_need_from_both_indexes()
    {
        TestWheel.Write(user["both"], "demo", "1.0", ["helper>=1", "local-part"]);
        TestWheel.Write(user["both"], "local_part", "0.3");
        TestWheel.Write(user["both"], "demo", "1.2", ["local-part"]);
        await user.Program.RunAsync("pypi", "add", "team", "both");
        await user.Program.RunAsync("pypi", "yank", "team", "demo", "1.2", "--reason", "it loses data");

        await user.PipAsync("install", "--index-url", TeamIndex, "demo");

        Assert.Equal("1.0 1.0 0.3", await user.PythonAsync("import demo; from importlib.metadata import version; print(version('demo'), version('helper'), version('local-part'))"));
        await user.PipAsync("check");
        Assert.Contains("it loses data", await user.PipAsync("download", "--index-url", TeamIndex, "--dest", user["yanked"], "demo==1.2"), StringComparison.Ordinal);

        // The upstream is gone: what was fetched is there.
        await pip.Upstream.StopAsync();
        await pip.RestartAsync();
        try
        {
            await user.PipAsync("download", "--index-url", TeamIndex, "--dest", user["down"], "demo==1.0");
        }
        finally
        {
            await pip.Upstream.StartAgainAsync();
            await pip.RestartAsync();
        }

        Assert.Equal(["demo-1.0-py3-none-any.whl", "helper-1.0-py3-none-any.whl", "local_part-0.3-py3-none-any.whl"], Directory.GetFiles(user["down"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllBytes(user["upstream", "helper-1.0-py3-none-any.whl"]), File.ReadAllBytes(user["down", "helper-1.0-py3-none-any.whl"]));
    }

    [Fact]
    public async Task Hashes_that_were_written_down_are_held_to()
    {
        string wheel = TestWheel.Write(user["hashed"], "hashed", "1.0", ["helper"]);
        await user.Program.RunAsync("pypi", "add", "team", "hashed");
        string good = $"hashed==1.0 --hash=sha256:{HashOf(wheel)}\nhelper==1.0 --hash=sha256:{HashOf(user["upstream", "helper-1.0-py3-none-any.whl"])}\n";
        await File.WriteAllTextAsync(user["good.txt"], good, Token);
        await File.WriteAllTextAsync(user["bad.txt"], good.Replace(HashOf(wheel), new string('0', 64), StringComparison.Ordinal), Token);

        Assert.Contains("THESE PACKAGES DO NOT MATCH THE HASHES", await user.FailAsync("install", "--index-url", TeamIndex, "--require-hashes", "-r", user["bad.txt"]), StringComparison.Ordinal);
        await user.PipAsync("install", "--index-url", TeamIndex, "--require-hashes", "-r", user["good.txt"]);

        Assert.Equal("1.0", await user.PythonAsync("from importlib.metadata import version; print(version('hashed'))"));
    }

    [Fact]
    public async Task A_module_out_of_a_channel_tells_its_commit()
    {
        foreach ((int build, string revision) in new[] { (1, "fff"), (2, "0000abc") })
        {
            TestWheel.Write(user["lined"], "lined", "1.0", body: $"build = {build}");
            await user.Program.RunAsync("pypi", "add", "team", "lined", "--channel", "main", "--revision", revision);
        }

        await user.PipAsync("install", "--index-url", $"{user.Index}/team/main/simple/", "lined");

        Assert.Equal("1.0+main.2.g0000abc 2", await user.PythonAsync("import lined; from importlib.metadata import version; print(version('lined'), lined.build)"));
        await user.PipAsync("check");
        Assert.Equal("hello", await user.PythonAsync("import subprocess, sys, os; print(subprocess.check_output([os.path.join(os.path.dirname(sys.executable), 'lined-hello')], text=True))"));
        await user.PipAsync("uninstall", "--yes", "lined"); // by the list of files
        JsonElement channel = Assert.Single((await user.Program.AskAsync("pypi", "channels", "team")).EnumerateArray());
        Assert.Equal(
            ("lined", "main", "1.0+main.2.g0000abc", "0000abc", 2),
            (channel.GetProperty("project").GetString(), channel.GetProperty("channel").GetString(), channel.GetProperty("newest").GetString(), channel.GetProperty("revision").GetString(), channel.GetProperty("builds").GetInt32()));
    }

    [Fact]
    public async Task Metadata_is_read_without_the_wheel()
    {
        string absent = TestWheel.Write(user["told"], "told", "2.0", requiresPython: ">=3", body: "nobody gets this");
        TestWheel.Write(user["told"], "told", "1.0", ["toldpart"]);
        TestWheel.Write(user["told"], "toldpart", "1.0", requires: ["told<2"]);
        await user.Program.RunAsync("pypi", "add", "metadata", "told");

        // pip asks for JSON, and this one's age knows metadata by its name in HTML alone.
        await using var plain = await PlainPages.StartAsync($"{user.Index}/metadata/");
        await user.PipAsync("download", "--index-url", $"{plain.Address}simple/", "--dest", user["resolved"], "told", "toldpart");

        Assert.Contains(plain.Paths, path => path.EndsWith("/told-2.0-py3-none-any.whl.metadata", StringComparison.Ordinal));
        Assert.DoesNotContain(plain.Paths, path => path.EndsWith($"/{Path.GetFileName(absent)}", StringComparison.Ordinal));
        Assert.Equal(["told-1.0-py3-none-any.whl", "toldpart-1.0-py3-none-any.whl"], Directory.GetFiles(user["resolved"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_in_the_CAS_is_put_into_an_index_from_there()
    {
        TestWheel.Write(user["out", "wheels"], "demo", "1.0");
        await user.Program.RunAsync("push", "out", "--ref", "nightly", "--digest-function", "blake3");

        JsonElement added = await user.Program.AskAsync("pypi", "add", "stored", "--from", "nightly:wheels");

        Assert.Equal(HashOf(user["out", "wheels", "demo-1.0-py3-none-any.whl"]), added[0].GetProperty("sha256").GetString());
        Assert.True(added[0].GetProperty("isNew").GetBoolean());
        Assert.Contains("demo-1.0-py3-none-any.whl was in index 'stored' already", await user.Program.RunAsync("pypi", "add", "stored", user["out", "wheels", "demo-1.0-py3-none-any.whl"]), StringComparison.Ordinal);
        Assert.Contains("demo     1.0", await user.Program.RunAsync("pypi", "list", "stored"), StringComparison.Ordinal);
        TestWheel.Write(user["other"], "demo", "1.0", body: "other");
        Assert.Contains("has another content in the index", await user.Program.FailAsync("pypi", "add", "stored", "other"), StringComparison.Ordinal);
        Assert.Contains("there is no reference 'pypi/none'", await user.Program.FailAsync("pypi", "add", "stored", "--from", "pypi/none"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_of_the_CAS_is_installed_as_a_wheel()
    {
        ZipFile.ExtractToDirectory(TestWheel.Write(user["packed"], "unpacked", "1.0", body: "answer = 42"), user["site"]);
        File.Delete(user["site", "unpacked-1.0.dist-info", "RECORD"]);
        await user.Program.RunAsync("push", "site", "--ref", "site", "--digest-function", "sha256");

        JsonElement added = await user.Program.AskAsync("pypi", "add", "trees", "--tree", "site");
        await user.PipAsync("install", "--index-url", $"{user.Index}/trees/simple/", "unpacked");

        Assert.Equal("unpacked-1.0-py3-none-any.whl", added[0].GetProperty("name").GetString());
        Assert.Equal("1.0 42", await user.PythonAsync("import unpacked; from importlib.metadata import version; print(version('unpacked'), unpacked.answer)"));
        await user.PipAsync("check");
        await user.PipAsync("uninstall", "--yes", "unpacked"); // by the list of files
        Assert.Contains("pypi/trees", await user.Program.RunAsync("gc"), StringComparison.Ordinal);
        Assert.Contains("it has no directory *.dist-info", await user.Program.FailAsync("pypi", "add", "trees", "--tree", "site:unpacked"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "pypi.md"), Token);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];
        TestWheel.Write(user["dist"], "demo", "1.0");

        string output = await user.Program.ShellAsync(string.Concat(blocks).Replace(" team", " documented", StringComparison.Ordinal));

        Assert.Equal(2, blocks.Length);
        Assert.Contains("1.0+main.1.g4f2a91c", output, StringComparison.Ordinal);
        Assert.Contains("it loses data", output, StringComparison.Ordinal);
    }

    private static string HashOf(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
