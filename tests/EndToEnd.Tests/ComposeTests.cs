using System.Globalization;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;
using YamlDotNet.RepresentationModel;

namespace RemoteExec.EndToEnd.Tests;

/// <summary>The compose file is one, and what it starts is a server with a worker.</summary>
public sealed class ComposeTests : IDisposable
{
    private static readonly string file = Repository.Path("deploy", "docker-compose.yaml");
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Compose_takes_it_and_would_find_what_is_wrong()
    {
        Requires.Program("docker-compose", "docker-compose");
        string text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);

        Assert.Equal(0, await CheckAsync(text));
        Assert.NotEqual(0, await CheckAsync(text.Replace("condition: service_healthy", "condition: well", StringComparison.Ordinal)));

        async Task<int> CheckAsync(string compose)
        {
            await File.WriteAllTextAsync(directory["compose.yaml"], compose, TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(directory["worker-token"], "secret", TestContext.Current.CancellationToken);
            await using ChildProcess check = ChildProcess.Start("docker-compose", ["-f", directory["compose.yaml"], "config", "--quiet"]);
            return await check.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Its_server_and_its_worker_execute_actions()
    {
        int port = FreePorts.First(3);
        string token = directory["worker-token"];
        await File.WriteAllTextAsync(token, "0123456789abcdef0123456789abcdef", TestContext.Current.CancellationToken);
        await using ChildProcess server = Start("server", port);
        await server.WaitForOutputAsync(output => output.Contains("\nready: ", StringComparison.Ordinal), "ready");
        await using ChildProcess worker = Start("worker", port);
        await using var channel = new RpcChannel(RpcAddress.Parse($"127.0.0.1:{port}"), new RpcChannelOptions());

        Reapi.ExecuteResponse response = await ShellActions.RunAsync(channel, "echo composed");

        Assert.Equal(0, response.Status?.Code ?? 0);
        Assert.Equal(0, response.Result.ExitCode);
        foreach (ChildProcess process in (ChildProcess[])[worker, server])
        {
            await process.SignalAsync("TERM");
            Assert.Equal(0, await process.WaitForExitAsync());
        }
    }

    // The command of a service, with this machine's ports and paths in place of the container's.
    private ChildProcess Start(string service, int port)
    {
        var yaml = new YamlStream();
        using (StreamReader reader = File.OpenText(file))
            yaml.Load(reader);
        var command = (YamlSequenceNode)yaml.Documents[0].RootNode["services"][service]["command"];
        string data = directory[service];
        string Here(string argument) => Enumerable.Range(0, 3)
            .Aggregate(argument, (text, i) => text
                .Replace(string.Create(CultureInfo.InvariantCulture, $"0.0.0.0:{8980 + i}"), $"127.0.0.1:{port + i}", StringComparison.Ordinal)
                .Replace(string.Create(CultureInfo.InvariantCulture, $"server:{8980 + i}"), $"127.0.0.1:{port + i}", StringComparison.Ordinal))
            .Replace("/var/lib/remoteexec", data, StringComparison.Ordinal)
            .Replace("/run/secrets/worker-token", directory["worker-token"], StringComparison.Ordinal);
        return ChildProcess.Start(ServerProcess.Program, command.Select(node => Here(((YamlScalarNode)node).Value!)));
    }
}
