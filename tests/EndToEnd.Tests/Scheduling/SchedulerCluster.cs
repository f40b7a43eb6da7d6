using System.Globalization;
using Google.LongRunning;
using RemoteExec.Rpc.Client;

namespace RemoteExec.EndToEnd.Tests.Scheduling;

/// <summary>Schedulers that take over from each other, a front end that clients and workers call, workers, and what all of them stand on: real processes, configured by the examples.</summary>
internal sealed class SchedulerCluster : IAsyncDisposable
{
    private const string Token = "a token of the workers of a test";
    private readonly TemporaryDirectory files = new();
    private readonly List<ServerProcess> schedulers = [];
    private readonly ChildProcess?[] workers;

    private SchedulerCluster(int workers) => this.workers = new ChildProcess?[workers];

    /// <summary>What clients speak to.</summary>
    public ServerProcess Front { get; private set; } = null!;

    /// <summary>All schedulers.</summary>
    public IReadOnlyList<ServerProcess> Schedulers => schedulers;

    /// <summary>The Redis that they share.</summary>
    public RedisServer Shared { get; private set; } = null!;

    /// <summary>The Redis of results, which counts what is written.</summary>
    public RedisServer Results { get; private set; } = null!;

    /// <summary>How many workers there are.</summary>
    public int Workers => workers.Length;

    private ServerProcess Node { get; set; } = null!;

    private string TokenFile => files["token"];

    /// <summary>Starts one.</summary>
    /// <param name="schedulers">How many schedulers.</param>
    /// <param name="workers">How many workers.</param>
    /// <param name="isKept">True if the Redis that schedulers share has everything when it is started again; else it is empty then.</param>
    public static async Task<SchedulerCluster> StartAsync(int schedulers, int workers, bool isKept = true)
    {
        var cluster = new SchedulerCluster(workers);
        try
        {
            await File.WriteAllTextAsync(cluster.TokenFile, Token.Replace(' ', '-'), TestContext.Current.CancellationToken);
            cluster.Shared = await RedisServer.StartAsync(isKept ? ["--appendonly", "yes", "--appendfsync", "always"] : []);
            cluster.Results = await RedisServer.StartAsync();
            cluster.Node = await ServerProcess.StartAsync("--workers", "0");
            ServerProcess[] started = await Task.WhenAll(Enumerable.Range(0, schedulers).Select(_ => cluster.StartServerAsync("ha-scheduler.yaml")));
            cluster.schedulers.AddRange(started);
            cluster.Front = await cluster.StartServerAsync("ha-front.yaml");
            await Task.WhenAll(Enumerable.Range(0, workers).Select(cluster.StartWorkerAsync));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>The scheduler that is the active one; waits until there is one.</summary>
    public async Task<ServerProcess> FindActiveAsync()
    {
        while (true)
        {
            string lease = await Shared.AskAsync("get", "rx:{scheduler}:lease");
            if (schedulers.Find(scheduler => lease.Contains($" grpc://{scheduler.GrpcAddress} ", StringComparison.Ordinal)) is { } active)
                return active;
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Starts a worker, once more if it was killed.</summary>
    public async Task StartWorkerAsync(int number)
    {
        ChildProcess worker = workers[number] = ChildProcess.Start(
            ServerProcess.Program,
            ["worker", "--config", Repository.Path("examples", "ha-worker.yaml"), "--server", Front.WorkerAddress, "--token-file", TokenFile, "--slots", "1", "--name", $"w{number}", "--data", files[$"w{number}"]]);
        await worker.WaitForOutputAsync(output => output.Contains("started: worker ", StringComparison.Ordinal), "started");
    }

    /// <summary>Ends a worker as <c>kill -9</c> does, with what it runs.</summary>
    public async Task KillWorkerAsync(int number)
    {
        if (workers[number] is not { } worker)
            return;
        workers[number] = null;
        await worker.DisposeAsync();
    }

    /// <summary>All operations that the scheduler knows.</summary>
    public async Task<IReadOnlyList<Operation>> ListOperationsAsync()
    {
        await using var channel = new RpcChannel(RpcAddress.Parse(Front.GrpcAddress));
        return (await channel.UnaryAsync<ListOperationsRequest, ListOperationsResponse>(
            "/google.longrunning.Operations/ListOperations", new ListOperationsRequest { PageSize = 1000 }, TestContext.Current.CancellationToken)).Operations;
    }

    /// <summary>How many results were written to the action cache.</summary>
    public Task<long> CountResultsAsync() => RedisCli.CountAsync(Results.Port, "set");

    /// <summary>How long after a moment the front end knew the scheduler that is the active one since, as its log tells; null if it is still the one of before.</summary>
    public TimeSpan? TakenOverAfter(DateTimeOffset moment)
    {
        IEnumerable<DateTimeOffset> times = Front.Output.Split('\n').Where(line => line.Contains("\"Message\":\"The active scheduler, number ", StringComparison.Ordinal))
            .Select(line => DateTimeOffset.Parse(line.Split("\"Timestamp\":\"")[1].Split('"')[0], CultureInfo.InvariantCulture));
        return times.Where(time => time > moment).Select(time => (TimeSpan?)(time - moment)).FirstOrDefault();
    }

    public async ValueTask DisposeAsync()
    {
        for (int i = 0; i < workers.Length; i++)
            await KillWorkerAsync(i);
        foreach (ServerProcess? server in (IEnumerable<ServerProcess?>)[Front, .. schedulers, Node])
        {
            if (server is not null)
                await server.DisposeAsync();
        }

        foreach (RedisServer? redis in new[] { Shared, Results })
        {
            if (redis is not null)
                await redis.DisposeAsync();
        }

        files.Dispose();
    }

    private Task<ServerProcess> StartServerAsync(string example) => ServerProcess.StartAsync(
        "--config", Repository.Path("examples", example), "--verbose", "--worker-listen", "127.0.0.1:0",
        "--set", $"stores.blobs.remote.url=grpc://{Node.GrpcAddress}", "--set", $"stores.results.redis.endpoints={Results.Endpoint}",
        "--set", $"execution.scheduler.redis.endpoints={Shared.Endpoint}", "--set", $"builds.shared.redis.endpoints={Results.Endpoint}",
        "--set", $"listeners.workerAuth.tokenFile={TokenFile}", "--set", $"execution.scheduler.peers.tokenFile={TokenFile}");
}
