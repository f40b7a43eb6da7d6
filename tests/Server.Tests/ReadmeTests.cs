using System.Text.RegularExpressions;
using RemoteExec.Server.Cli;
using RemoteExec.Server.Hosting;
using RemoteExec.TestKit;

namespace RemoteExec.Server.Tests;

/// <summary>What README.md tells a newcomer to type works.</summary>
public sealed partial class ReadmeTests
{
    private static readonly string text = File.ReadAllText(Repository.Path("README.md"));

    public static TheoryData<string> Commands { get; } = [.. RunBlock().Matches(text).SelectMany(block => block.Groups["lines"].Value.Trim().Split('\n'))];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task The_commands_run(string line)
    {
        string[] words = line.Split(' ');
        Assert.Equal("remoteexec", words[0]);
        using var error = new StringWriter();

        int code = await CommandLine.RunAsync(
            [.. words[1..].Select(word => word.StartsWith("examples/", StringComparison.Ordinal) ? Repository.Path(word) : word)],
            new Terminal(TextWriter.Null, error, colourOutput: false, colourError: false));

        Assert.True(code == 0, error.ToString());
    }

    [Fact]
    public async Task The_lines_to_paste_are_those_that_the_server_prints()
    {
        using var data = new TemporaryDirectory();
        await using RunningServer server = await TestServers.StartAsync(data, "worker.slots=1");
        using var output = new StringWriter();
        Banner.Write(server, new Terminal(output, TextWriter.Null, colourOutput: false, colourError: false));

        string printed = output.ToString();
        foreach ((ListenerKind kind, string port) in new[] { (ListenerKind.Grpc, "8980"), (ListenerKind.Http, "8981") })
            printed = printed.Replace(server.Listeners.Single(listener => listener.Kind == kind).Address.ToString(), $"127.0.0.1:{port}", StringComparison.Ordinal);

        string[] bazelrc = [.. text.Split('\n').Where(line => line.StartsWith("build:", StringComparison.Ordinal))];
        Assert.Equal(4, bazelrc.Length);
        Assert.Subset(printed.Split('\n').ToHashSet(), bazelrc.ToHashSet());
    }

    [GeneratedRegex("^```sh run\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex RunBlock();
}
