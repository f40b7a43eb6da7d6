using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>What docs/deployment.md tells to install is a chart with values that it takes.</summary>
public sealed partial class DeploymentDocumentTests(Chart chart)
{
    public static TheoryData<string> Commands { get; } =
        [.. Block().Matches(File.ReadAllText(Repository.Path("docs", "deployment.md"))).SelectMany(block => block.Groups["lines"].Value.Trim().Split('\n'))];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task An_installation_as_it_is_written_makes_objects_that_Kubernetes_takes(string line)
    {
        const string Install = "helm upgrade --install remoteexec helm/remoteexec ";
        Assert.StartsWith(Install, line, StringComparison.Ordinal);
        IEnumerable<string> flags = line[Install.Length..].Split(' ').Where(word => word != "--create-namespace")
            .Select(word => word.StartsWith("helm/", StringComparison.Ordinal) ? Repository.Path(word) : word);

        (int exitCode, string output, string errors) = await chart.HelmAsync(["template", "remoteexec", Chart.Directory, .. flags]);

        Assert.True(exitCode == 0, errors);
        Assert.Empty((await chart.ObjectsAsync(output)).Problems);
    }

    [GeneratedRegex("^```sh helm\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}
