using System.Net;
using System.Text.RegularExpressions;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>What docs/operations.md tells an operator to type works.</summary>
public sealed partial class OperationsTests : IDisposable
{
    private readonly TemporaryDirectory data = new();
    private string grpc = "127.0.0.1:0";
    private string http = "127.0.0.1:0";

    public void Dispose() => data.Dispose();

    private async Task<ChildProcess> StartAsync(params string[] flags)
    {
        ChildProcess server = ChildProcess.Start(ServerProcess.Program, ["serve", "--data", data.FullPath, "--grpc", grpc, "--http", http, .. flags.Length > 0 ? flags : ["--workers", "0"]]);
        await server.WaitForOutputAsync(Ready().IsMatch, "ready");
        grpc = Ready().Match(server.Output).Groups["grpc"].Value;
        http = Ready().Match(server.Output).Groups["http"].Value;
        return server;
    }

    private static async Task StopAsync(ChildProcess server)
    {
        await server.SignalAsync("TERM");
        Assert.Equal(0, await server.WaitForExitAsync());
    }

    // The commands of a kind, one after the other, each after something else; returns what each printed.
    private async Task<List<string>> RunAsync(string kind, Func<Task> before)
    {
        var outputs = new List<string>();
        string document = await File.ReadAllTextAsync(Repository.Path("docs", "operations.md"), TestContext.Current.CancellationToken);
        foreach (string line in Block().Matches(document).Where(block => block.Groups["kind"].Value == kind).SelectMany(block => block.Groups["lines"].Value.Trim().Split('\n')))
        {
            string command = line
                .Replace("DATA", data.FullPath, StringComparison.Ordinal)
                .Replace("127.0.0.1:8980", grpc, StringComparison.Ordinal)
                .Replace("127.0.0.1:8981", http, StringComparison.Ordinal);
            if (kind == "steer" && command.StartsWith("remoteexec ", StringComparison.Ordinal))
                command += $" --server {grpc}";
            if (command.StartsWith("remoteexec ", StringComparison.Ordinal))
                command = ServerProcess.Program + command["remoteexec".Length..];
            await before();
            await using ChildProcess shell = ChildProcess.Start("bash", ["-euo", "pipefail", "-c", command]);
            Assert.True(await shell.WaitForExitAsync() == 0, $"{line}:\n{shell.Output}");
            outputs.Add(shell.Output.Trim());
        }

        return outputs;
    }

    [Fact]
    public async Task The_commands_for_a_server_that_runs_find_it_well()
    {
        Requires.Program("curl", "curl");
        await using ChildProcess server = await StartAsync();

        List<string> outputs = await RunAsync("live", () => Task.CompletedTask);

        Assert.Equal(["serving", "1"], outputs[..2]);
        Assert.Contains(data.FullPath, outputs[2], StringComparison.Ordinal);
        await StopAsync(server);
    }

    [Fact]
    public async Task The_commands_that_show_and_steer_do_so()
    {
        Requires.Program("curl", "curl");
        await using ChildProcess server = await StartAsync("--workers", "1", "--set", "worker.name=build-7");
        using var client = new HttpClient();
        while (!(await client.GetStringAsync(new Uri($"http://{http}/api/v1/workers"), TestContext.Current.CancellationToken)).Contains("build-7", StringComparison.Ordinal))
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);

        List<string> outputs = await RunAsync("steer", () => Task.CompletedTask);

        Assert.Contains("OSFamily=linux", outputs[0], StringComparison.Ordinal);
        Assert.Contains("build-7  ready", outputs[2], StringComparison.Ordinal);
        Assert.Contains("1 worker drained", outputs[6], StringComparison.Ordinal);
        Assert.Equal("1 worker back in service", outputs[7]);
        Assert.Equal("nothing to cancel: none of it is under way", outputs[8]);
        Assert.Contains("\"slots\": 1", outputs[9], StringComparison.Ordinal);
        Assert.Contains("\"name\": \"build-7\"", outputs[10], StringComparison.Ordinal);
        Assert.Equal(["{ \"workers\": 1 }", "{ \"workers\": 1 }"], outputs[11..]);
        await StopAsync(server);
    }

    [Fact]
    public async Task The_commands_for_a_server_that_is_stopped_empty_its_cache_or_find_it_good()
    {
        TestBlob blob = TestBlob.Random(1, 100_000);
        using var client = new HttpClient();
        var found = new List<HttpStatusCode>();

        List<string> outputs = await RunAsync("stopped", UseAsync);
        await UseAsync();

        Assert.Equal("", outputs[0]);
        Assert.Contains($"{data["cas"]}: 1 records", outputs[1], StringComparison.Ordinal);
        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.OK], found); // at first, emptied, and left as it was

        async Task UseAsync()
        {
            await using ChildProcess server = await StartAsync();
            using HttpResponseMessage answer = await client.GetAsync($"http://{http}/cas/{blob.Digest.Hash}", TestContext.Current.CancellationToken);
            found.Add(answer.StatusCode);
            (await client.PutAsync($"http://{http}/cas/{blob.Digest.Hash}", new ByteArrayContent(blob.Content), TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
            await StopAsync(server);
        }
    }

    [GeneratedRegex("^```sh (?<kind>live|stopped|steer)\n(?<lines>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("^ready: gRPC on (?<grpc>[^,;]+), HTTP cache on (?<http>[^,;]+)[;,]", RegexOptions.Multiline)]
    private static partial Regex Ready();
}
