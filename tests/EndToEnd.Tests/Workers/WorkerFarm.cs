namespace RemoteExec.EndToEnd.Tests.Workers;

/// <summary>Many worker processes of one server, each of which can fail by itself.</summary>
internal sealed class WorkerFarm : IAsyncDisposable
{
    private readonly TemporaryDirectory data = new();
    private readonly ServerProcess server;
    private readonly ChildProcess[] workers;
    private readonly List<ChildProcess> gone = [];
    private readonly List<int> frozen = [];

    private WorkerFarm(ServerProcess server, int count) => (this.server, workers) = (server, new ChildProcess[count]);

    /// <summary>How many there are.</summary>
    public int Count => workers.Length;

    /// <summary>Starts them, and waits until all are up.</summary>
    public static async Task<WorkerFarm> StartAsync(ServerProcess server, int count)
    {
        var farm = new WorkerFarm(server, count);
        for (int i = 0; i < count; i++)
            farm.Start(i);
        await Task.WhenAll(farm.workers.Select(IsUpAsync));
        return farm;
    }

    /// <summary>One that does not hang.</summary>
    public int Choose(Random random)
    {
        int[] all = [.. Enumerable.Range(0, Count).Except(frozen)];
        return all[random.Next(all.Length)];
    }

    /// <summary>Ends one by <c>kill -9</c>, and starts it again at once, over the same directory.</summary>
    public async Task KillAsync(int worker)
    {
        await workers[worker].SignalAsync("KILL");
        await workers[worker].WaitForExitAsync();
        gone.Add(workers[worker]);
        Start(worker);
    }

    /// <summary>Ends one as an upgrade does, and starts it again.</summary>
    public async Task RestartAsync(int worker)
    {
        await StopAsync(workers[worker]);
        gone.Add(workers[worker]);
        Start(worker);
    }

    /// <summary>Lets half of them hang, from one on; or those go on that hang, if any do.</summary>
    public async Task FreezeOrThawAsync(int worker)
    {
        if (frozen.Count > 0)
        {
            await ThawAsync();
            return;
        }

        frozen.AddRange(Enumerable.Range(worker, Count / 2).Select(number => number % Count));
        await Task.WhenAll(frozen.Select(one => workers[one].SignalAsync("STOP")));
    }

    /// <summary>Lets those go on that hang.</summary>
    public async Task ThawAsync()
    {
        await Task.WhenAll(frozen.Select(one => workers[one].SignalAsync("CONT")));
        frozen.Clear();
    }

    /// <summary>Stops all; each has told what it had to tell when this returns.</summary>
    public async Task StopAsync()
    {
        await ThawAsync();
        await Task.WhenAll(workers.Select(StopAsync));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChildProcess worker in workers.Concat(gone))
            await worker.DisposeAsync();
        data.Dispose();
    }

    private static Task IsUpAsync(ChildProcess worker) => worker.WaitForOutputAsync(output => output.Contains("started: worker ", StringComparison.Ordinal), "started");

    private static async Task StopAsync(ChildProcess worker)
    {
        await IsUpAsync(worker); // before that a signal ends it as it ends any program
        await worker.SignalAsync("TERM");
        Assert.True(await worker.WaitForExitAsync() == 0, worker.Output);
    }

    // Actions write down that they ran, in a directory of the machine, which no higher tier lets them.
    private void Start(int worker) => workers[worker] = ChildProcess.Start(
        ServerProcess.Program,
        ["worker", "--server", server.WorkerAddress, "--slots", "2", "--name", $"w{worker}", "--data", data[$"w{worker}"], "--set", "worker.sandbox.tier=directory"]);
}
