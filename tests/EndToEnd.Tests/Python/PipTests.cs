using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteExec.EndToEnd.Tests.Trees;

namespace RemoteExec.EndToEnd.Tests.Python;

/// <summary>What pip makes of an index, and of another one behind it, both of them servers of ours.</summary>
public sealed partial class PipTests : IAsyncLifetime
{
    private ServerProcess upstream = null!, server = null!;
    private PipUser user = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string TeamIndex => $"{user.Index}/team/simple/";

    public async ValueTask InitializeAsync()
    {
        upstream = await ServerProcess.StartAsync("--workers", "0");
        server = await ServerProcess.StartAsync("--workers", "0", "--set", $"pypi.indexes.team.upstream=http://{upstream.HttpAddress}/pypi/pub/simple/", "--set", "pypi.indexes.team.allowPrivate=true");
        user = new PipUser(server);
        using var publisher = new TreeUser(upstream);
        TestWheel.Write(user["upstream"], "helper", "1.0");
        TestWheel.Write(user["upstream"], "helper", "2.0", requiresPython: ">=99");
        await publisher.RunAsync("pypi", "add", "pub", user["upstream"]);
    }

    public async ValueTask DisposeAsync()
    {
        user.Dispose();
        await server.DisposeAsync();
        await upstream.DisposeAsync();
    }

    [Fact]
    public async Task Packages_are_installed_with_what_they_need_from_both_indexes()
    {
        string environment = await user.CreateEnvironmentAsync("env");
        TestWheel.Write(user["dist"], "demo", "1.0", ["helper>=1", "local-part"]);
        TestWheel.Write(user["dist"], "local_part", "0.3");
        TestWheel.Write(user["dist"], "demo", "1.2", ["nothing-of-that-name"]);
        await user.Program.RunAsync("pypi", "add", "team", "dist");
        await user.Program.RunAsync("pypi", "yank", "team", "demo", "1.2", "--reason", "needs what there is not");

        await user.PipAsync(environment, "install", "--index-url", TeamIndex, "demo");

        Assert.Equal("1.0 1.0 0.3", await user.PythonAsync(environment, "import demo; from importlib.metadata import version; print(version('demo'), version('helper'), version('local-part'))"));
        await user.PipAsync(environment, "check");
        Assert.Contains("needs what there is not", await user.FailAsync(environment, "install", "--index-url", TeamIndex, "demo==1.2"), StringComparison.Ordinal);

        // The upstream is gone: what was fetched is there.
        await upstream.StopAsync();
        await server.StopAsync();
        await server.StartAgainAsync();
        await user.PipAsync(environment, "download", "--index-url", TeamIndex, "--dest", user["down"], "demo==1.0");
        Assert.Equal(["demo-1.0-py3-none-any.whl", "helper-1.0-py3-none-any.whl", "local_part-0.3-py3-none-any.whl"], Directory.GetFiles(user["down"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(File.ReadAllBytes(user["upstream", "helper-1.0-py3-none-any.whl"]), File.ReadAllBytes(user["down", "helper-1.0-py3-none-any.whl"]));
    }

    [Fact]
    public async Task Hashes_that_were_written_down_are_held_to()
    {
        string environment = await user.CreateEnvironmentAsync("env");
        string wheel = TestWheel.Write(user["dist"], "demo", "1.0", ["helper"]);
        await user.Program.RunAsync("pypi", "add", "team", "dist");
        string good = $"demo==1.0 --hash=sha256:{HashOf(wheel)}\nhelper==1.0 --hash=sha256:{HashOf(user["upstream", "helper-1.0-py3-none-any.whl"])}\n";
        await File.WriteAllTextAsync(user["good.txt"], good, Token);
        await File.WriteAllTextAsync(user["bad.txt"], good.Replace(HashOf(wheel), new string('0', 64), StringComparison.Ordinal), Token);

        Assert.Contains("THESE PACKAGES DO NOT MATCH THE HASHES", await user.FailAsync(environment, "install", "--index-url", TeamIndex, "--require-hashes", "-r", user["bad.txt"]), StringComparison.Ordinal);
        await user.PipAsync(environment, "install", "--index-url", TeamIndex, "--require-hashes", "-r", user["good.txt"]);

        Assert.Equal("1.0", await user.PythonAsync(environment, "from importlib.metadata import version; print(version('demo'))"));
    }

    [Fact]
    public async Task A_module_out_of_a_channel_tells_its_commit()
    {
        string environment = await user.CreateEnvironmentAsync("env");
        for (int i = 0; i < 11; i++)
        {
            TestWheel.Write(user["dist"], "demo", "1.0", body: $"build = {i}");
            await user.Program.RunAsync("pypi", "add", "team", "dist", "--channel", "main", "--revision", $"{10 - i:x4}abc");
        }

        await user.PipAsync(environment, "install", "--index-url", $"{user.Index}/team/main/simple/", "demo");

        Assert.Equal("1.0+main.11.g0000abc 10", await user.PythonAsync(environment, "import demo; from importlib.metadata import version; print(version('demo'), demo.build)"));
        await user.PipAsync(environment, "check");
        Assert.Equal("hello", await user.PythonAsync(environment, "import subprocess, sys, os; print(subprocess.check_output([os.path.join(os.path.dirname(sys.executable), 'demo-hello')], text=True))"));
        await user.PipAsync(environment, "uninstall", "--yes", "demo");
        JsonElement channel = Assert.Single((await user.Program.AskAsync("pypi", "channels", "team")).EnumerateArray());
        Assert.Equal(("demo", "main", "1.0+main.11.g0000abc", "0000abc", 11), (channel.GetProperty("project").GetString(), channel.GetProperty("channel").GetString(), channel.GetProperty("newest").GetString(), channel.GetProperty("revision").GetString(), channel.GetProperty("builds").GetInt32()));
    }

    [Fact]
    public async Task What_is_in_the_CAS_is_put_into_an_index_from_there()
    {
        TestWheel.Write(user["out", "wheels"], "demo", "1.0");
        await user.Program.RunAsync("push", "out", "--ref", "nightly", "--digest-function", "blake3");

        JsonElement added = await user.Program.AskAsync("pypi", "add", "team", "--from", "nightly:wheels");

        Assert.Equal(HashOf(user["out", "wheels", "demo-1.0-py3-none-any.whl"]), added[0].GetProperty("sha256").GetString());
        Assert.True(added[0].GetProperty("isNew").GetBoolean());
        Assert.Contains("demo-1.0-py3-none-any.whl was in index 'team' already", await user.Program.RunAsync("pypi", "add", "team", user["out", "wheels", "demo-1.0-py3-none-any.whl"]), StringComparison.Ordinal);
        Assert.Contains("demo     1.0", await user.Program.RunAsync("pypi", "list", "team"), StringComparison.Ordinal);
        TestWheel.Write(user["other"], "demo", "1.0", body: "other");
        Assert.Contains("has another content in the index", await user.Program.FailAsync("pypi", "add", "team", "other"), StringComparison.Ordinal);
        Assert.Contains("there is no reference 'pypi/none'", await user.Program.FailAsync("pypi", "add", "team", "--from", "pypi/none"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_commands_of_the_documentation_do_what_it_says()
    {
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "pypi.md"), Token);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];
        TestWheel.Write(user["dist"], "demo", "1.0");

        string output = await user.Program.ShellAsync(string.Concat(blocks));

        Assert.Equal(2, blocks.Length);
        Assert.Contains("1.0+main.1.g4f2a91c", output, StringComparison.Ordinal);
        Assert.Contains("it loses data", output, StringComparison.Ordinal);
    }

    private static string HashOf(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
