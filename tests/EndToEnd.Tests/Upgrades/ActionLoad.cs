using System.Collections.Concurrent;
using System.Globalization;
using RemoteExec.Cas;
using RemoteExec.Cas.Stores;
using RemoteExec.EndToEnd.Tests.Workers;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Upgrades;

/// <summary>
/// Clients that have one action after the other executed, and try again as Bazel does, when a call fails as UNAVAILABLE, or a blob of the action is missing, which is uploaded once more: five times, each after twice as
/// long.
/// </summary>
internal sealed class ActionLoad : IAsyncDisposable
{
    private const int Clients = 3, Retries = 5;
    private readonly CancellationTokenSource stopping = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly ConcurrentDictionary<int, (TestBlob Action, Reapi.ActionResult Result)> done = [];
    private readonly RpcChannel channel;
    private readonly Task[] running;
    private int begun;
    private int retries;

    /// <summary>Begins.</summary>
    /// <param name="address">A front end, or what leads to one.</param>
    public ActionLoad(string address)
    {
        channel = new RpcChannel(RpcAddress.Parse(address));
        running = [.. Enumerable.Range(0, Clients).Select(_ => RunAsync())];
    }

    /// <summary>What servers print, to be told with what is wrong.</summary>
    public Func<string> Log { get; init; } = () => "";

    /// <summary>How many actions were executed to their end.</summary>
    public int Done => done.Count;

    /// <summary>How many calls were made again.</summary>
    public int Retried => Volatile.Read(ref retries);

    /// <summary>Waits until some more are done.</summary>
    public async Task WaitForAsync(int more)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        for (int wanted = Done + more; Done < wanted; await Task.Delay(20, limit.Token))
        {
            if (Array.Find(running, client => client.IsCompleted) is { } ended)
                await ended;
        }
    }

    /// <summary>Lets what runs end, and throws what went wrong.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
    }

    /// <summary>Asserts that every result is in the action cache as it was told, and that its output can be read.</summary>
    public async Task AssertAllIsThereAsync()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        var store = new RemoteStore(channel, TimeSpan.FromSeconds(10), TimeProvider.System);
        foreach ((int number, (TestBlob action, Reapi.ActionResult result)) in done)
        {
            Reapi.ActionResult kept = await channel.UnaryAsync<Reapi.GetActionResultRequest, Reapi.ActionResult>(
                "/build.bazel.remote.execution.v2.ActionCache/GetActionResult", new() { ActionDigest = action.Digest.ToProto() }, token);
            Assert.Equal(result.OutputFiles, kept.OutputFiles);
            TestBlob output = OutputOf(number);
            Assert.Equal(output.Digest.ToProto(), Assert.Single(kept.OutputFiles).Digest);
            Assert.Equal(output.Content, await store.ReadAllAsync(output.Digest, output.Content.Length, token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await channel.DisposeAsync();
        stopping.Dispose();
    }

    private static string TextOf(int number) => string.Create(CultureInfo.InvariantCulture, $"output {number} of {Environment.ProcessId}");

    private static TestBlob OutputOf(int number) => TestBlob.Of(System.Text.Encoding.ASCII.GetBytes(TextOf(number) + "\n"));

    private static bool MayBeTriedAgain(Google.Rpc.Status? status) => status is not null
        && ((StatusCode)status.Code == StatusCode.Unavailable
            || status.Details.Any(detail => detail.TryUnpack(out Google.Rpc.PreconditionFailure failure) && failure.Violations.All(violation => violation.Type == "MISSING")));

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            int number = Interlocked.Increment(ref begun);
            (TestBlob action, Reapi.ExecuteResponse response) = await ExecuteAsync(number);
            Assert.True((response.Status?.Code ?? 0) == 0 && response.Result.ExitCode == 0, $"action {number}: {response}\n{Log()}");
            done[number] = (action, response.Result);
        }
    }

    private async Task<(TestBlob Action, Reapi.ExecuteResponse Response)> ExecuteAsync(int number)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                (TestBlob Action, Reapi.ExecuteResponse Response) answer = await ShellActions.RunCachedAsync(channel, $"sleep 0.3; echo {TextOf(number)} > out", "out");
                if (attempt == Retries || !MayBeTriedAgain(answer.Response.Status))
                    return answer;
            }
            catch (RpcException exception) when (exception.Code == StatusCode.Unavailable && attempt < Retries)
            {
                // Below.
            }

            Interlocked.Increment(ref retries);
            await Task.Delay(TimeSpan.FromMilliseconds(100 * (1 << attempt)), TestContext.Current.CancellationToken);
        }
    }
}
