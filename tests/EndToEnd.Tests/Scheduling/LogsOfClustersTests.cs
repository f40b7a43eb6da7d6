using Google.LongRunning;
using RemoteExec.EndToEnd.Tests.Bazel;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>What an action writes is at the active scheduler, and can be followed at every server.</summary>
public sealed class LogsOfClustersTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_log_of_an_operation_can_be_followed_at_every_server()
    {
        await using SchedulerCluster cluster = await SchedulerCluster.StartAsync(schedulers: 2, workers: 1);
        await using var channel = new RpcChannel(RpcAddress.Parse(cluster.Front.GrpcAddress));
        await using var gate = new Gate();
        using var client = new HttpClient();
        await using IAsyncEnumerator<Operation> states = ShellActions.ExecuteAsync(channel, $"echo first; {gate.Command}; echo last").GetAsyncEnumerator(Token);
        await states.MoveNextAsync();

        StreamReader[] logs = await Task.WhenAll(cluster.Schedulers.Append(cluster.Front).Select(async server =>
        {
            HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{server.HttpAddress}/api/v1/operations/{states.Current.Name}/stdout"), HttpCompletionOption.ResponseHeadersRead, Token);
            return new StreamReader(await answer.EnsureSuccessStatusCode().Content.ReadAsStreamAsync(Token));
        }));
        foreach (StreamReader log in logs)
            Assert.Equal("first", await log.ReadLineAsync(Token)); // the action waits for the gate
        gate.Open();
        foreach (StreamReader log in logs)
            Assert.Equal("last\n", await log.ReadToEndAsync(Token));

        foreach (StreamReader log in logs)
            log.Dispose();
        using HttpResponseMessage absent = await client.GetAsync(new Uri($"http://{cluster.Front.HttpAddress}/api/v1/operations/operations/6f9c2a4e-0000-4000-8000-000000000000/stdout"), Token);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, absent.StatusCode);
    }
}
