using System.Globalization;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>docs/cookbook.md, typed from its first line to its last.</summary>
public sealed partial class CookbookTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task What_the_cookbook_has_typed_does_what_it_says()
    {
        Requires.True(File.Exists("/usr/lib/python3/dist-packages/wheel/__init__.py"), "wheel is not installed: apt-get install python3-pip python3-setuptools python3-wheel python3-venv");
        await using ServerProcess server = await ServerProcess.StartAsync("--set", "assets.allowPrivate=true");
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "cookbook.md"), TestContext.Current.CancellationToken);
        string[] blocks = [.. RunBlock().Matches(document).Select(match => match.Groups["lines"].Value)];
        string script = string.Concat(blocks)
            .Replace("127.0.0.1:8980", server.GrpcAddress, StringComparison.Ordinal)
            .Replace("127.0.0.1:8981", server.HttpAddress, StringComparison.Ordinal)
            .Replace("8000", FreePorts.First(1).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

        string output = await TypeAsync(script, server);

        Assert.Equal(document.Split("\n## ").Length - 1, blocks.Length - 3); // two sections have more than one
        string[] inOrder =
        [
            "index.html", "\nmanual\n", "~ docs/manual.txt", "second edition", "the first one", "site/main@1.0",
            "<h1>edition 2</h1>", "<h1>hello</h1>", "2 site/docs/manual.txt", "all.tar", "docs", "manual.txt",
            "second edition", "demo-1.0-py3-none-any.whl", "\n1.0+main.1.g4f2a91c\n", "passed, 0 failed", "read-1k", "--remote_cache",
        ];
        int at = 0;
        foreach (string expected in inOrder)
        {
            int found = output.IndexOf(expected, at, StringComparison.Ordinal);
            Assert.True(found >= 0, $"'{expected}' does not come after the others:\n{output}");
            at = found;
        }

        Assert.Equal("2 site/docs/manual.txt\n", File.ReadAllText(directory["work", "words.txt"]));
        Assert.Equal("second edition\n", File.ReadAllText(directory["work", "mirror", "docs", "manual.txt"]));
    }

    private async Task<string> TypeAsync(string script, ServerProcess server)
    {
        Directory.CreateDirectory(directory["work"]);
        Directory.CreateDirectory(directory["home"]);
        Directory.CreateDirectory(directory["bin"]);
        File.CreateSymbolicLink(directory["bin", "remoteexec"], ServerProcess.Program);
        var environment = new Dictionary<string, string?>
        {
            ["PATH"] = $"{directory["bin"]}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            ["HOME"] = directory["home"],
            ["XDG_CACHE_HOME"] = null,
            ["XDG_CONFIG_HOME"] = null,
            ["REMOTEEXEC_SERVER"] = $"grpc://{server.GrpcAddress}",
            ["REMOTEEXEC_HTTP"] = $"http://{server.HttpAddress}",
            ["PIP_CONFIG_FILE"] = "/dev/null",
        };
        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(name => name.StartsWith("PIP_", StringComparison.Ordinal) && name != "PIP_CONFIG_FILE"))
            environment[name] = null;
        await using ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", script], directory["work"], environment);
        int code = await shell.WaitForExitAsync(TimeSpan.FromMinutes(10));
        Assert.True(code == 0, shell.Output);
        return shell.Output;
    }

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
