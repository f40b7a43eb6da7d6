using System.Text.Json.Nodes;

namespace RemoteExec.EndToEnd.Tests.Helm;

/// <summary>What is printed after an installation is what a client needs.</summary>
public sealed class ChartNotesTests(Chart chart)
{
    [Theory]
    [InlineData("", "grpc://remoteexec.builds.svc:8980", "http://remoteexec.builds.svc:8981")]
    [InlineData("tls.enabled=true,tls.existingSecret=tls,service.host=build.example.com", "grpcs://build.example.com:8980", "https://build.example.com:8981")]
    [InlineData("ingress.enabled=true,ingress.grpc.host=grpc.example.com,ingress.http.host=www.example.com", "grpcs://grpc.example.com", "https://www.example.com")]
    public async Task The_lines_for_Bazel_name_the_server(string settings, string grpc, string http)
    {
        string[] lines = await NotesAsync(settings);

        Assert.Equal(
            [
                $"build:cache --remote_cache={grpc} --config=events",
                $"build:remote --remote_executor={grpc} --config=events",
                $"build:events --bes_backend={grpc} --bes_results_url={http}/console/builds/ --bes_upload_mode=nowait_for_upload_complete",
                $"build:http-cache --remote_cache={http}",
            ],
            lines.Where(line => line.StartsWith("build:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_lines_are_those_that_a_server_prints()
    {
        await using ServerProcess server = await ServerProcess.StartAsync("--workers", "1");
        string[] printed = [.. server.Output.Split('\n').Where(line => line.StartsWith("build:", StringComparison.Ordinal))];

        string[] noted = [.. (await NotesAsync("")).Where(line => line.StartsWith("build:", StringComparison.Ordinal))];

        Assert.Equal(
            printed.Select(line => line.Replace(server.GrpcAddress, "remoteexec.builds.svc:8980", StringComparison.Ordinal).Replace(server.HttpAddress, "remoteexec.builds.svc:8981", StringComparison.Ordinal)),
            noted);
    }

    [Theory]
    [InlineData("", "No workers are started")]
    [InlineData("", "Without TLS")]
    [InlineData("mode=cluster,redis.dev=true", "are to try")]
    [InlineData("mode=cluster,redis.dev=true", "Servers speak to each other without TLS")]
    [InlineData("mode=cluster,redis.dev=true,tls.servers.enabled=true,tls.servers.existingSecret=s", "Front ends do not ask who calls")]
    [InlineData("ingress.enabled=true,ingress.grpc.host=a.b", "TLS ends at the Ingress")]
    public async Task What_is_missing_is_told(string settings, string said) =>
        Assert.Contains(await NotesAsync(settings), line => line.Contains(said, StringComparison.Ordinal));

    [Fact]
    public async Task A_cache_alone_has_no_line_for_execution() =>
        Assert.DoesNotContain(await NotesAsync("execution.enabled=false"), line => line.Contains("--remote_executor", StringComparison.Ordinal));

    // helm prints notes at an installation alone, so a copy of the chart has them in an object.
    private async Task<string[]> NotesAsync(string settings)
    {
        using var copy = new TemporaryDirectory();
        foreach (string file in Directory.GetFiles(Chart.Directory, "*", SearchOption.AllDirectories))
        {
            string target = copy[Path.GetRelativePath(Chart.Directory, file)];
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, File.ReadAllBytes(file));
        }

        string notes = File.ReadAllText(copy["templates", "NOTES.txt"]).TrimEnd();
        File.WriteAllText(copy["templates", "notes.yaml"], $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: notes }}\ndata: {{ notes: {notes.Replace(" . }}", " . | quote }}", StringComparison.Ordinal)} }}\n");
        (int exitCode, string output, string errors) = await chart.HelmAsync(
            ["template", "remoteexec", copy.FullPath, "--namespace", "builds", "--show-only", "templates/notes.yaml", .. Chart.Common.Append(settings).Where(setting => setting.Length > 0).SelectMany(setting => new[] { "--set", setting })]);
        Assert.True(exitCode == 0, errors);
        (IReadOnlyList<JsonNode> objects, _) = await chart.ObjectsAsync(output);
        return ((string)Assert.Single(objects)["data"]!["notes"]!).Split('\n');
    }
}
