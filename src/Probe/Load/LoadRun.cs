using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Probe.Load;

/// <summary>Loads a server with one mix: as many callers as the plan says, each with one call after the other.</summary>
public static class LoadRun
{
    /// <summary>Prepares, warms up, and counts.</summary>
    /// <param name="channels">To the server: callers share them evenly.</param>
    /// <param name="instance">The instance.</param>
    /// <param name="mix">The calls.</param>
    /// <param name="plan">How many and how long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ProbeException">The server did not take what the mix needs.</exception>
    public static async Task<LoadResult> RunAsync(
        IReadOnlyList<RpcChannel> channels, string instance, LoadMix mix, LoadPlan plan, TimeProvider time, CancellationToken cancellationToken)
    {
        ReapiClient[] clients = [.. channels.Select(channel => new ReapiClient(channel, instance))];
        Func<ReapiClient, Random, CancellationToken, Task<long>> call;
        try
        {
            call = await mix.PrepareAsync(clients[0], new Random(plan.Seed), cancellationToken);
        }
        catch (RpcException exception)
        {
            throw new ProbeException(Introduction.FailureOf(exception.Code), exception.Status.Message);
        }

        var turns = new LoadTurns(plan, time);
        Caller[] callers = [.. Enumerable.Range(0, plan.Concurrency).Select(i => new Caller(clients[i % clients.Length], new Random(HashCode.Combine(plan.Seed, i + 1))))];
        await Task.WhenAll(callers.Select(caller => caller.RunAsync(call, turns, time, cancellationToken)));

        var times = new LatencyHistogram();
        foreach (Caller caller in callers)
            times.Add(caller.Times);
        return new LoadResult
        {
            Mix = mix,
            Elapsed = turns.Counted,
            Times = times,
            Bytes = callers.Sum(caller => caller.Bytes),
            Failures = callers.Sum(caller => caller.Failures),
            FirstFailure = callers.Select(caller => caller.FirstFailure).FirstOrDefault(failure => failure is not null),
        };
    }

    private sealed class Caller(ReapiClient client, Random random)
    {
        public LatencyHistogram Times { get; } = new();

        public long Bytes { get; private set; }

        public long Failures { get; private set; }

        public string? FirstFailure { get; private set; }

        public async Task RunAsync(Func<ReapiClient, Random, CancellationToken, Task<long>> call, LoadTurns turns, TimeProvider time, CancellationToken cancellationToken)
        {
            while (turns.TryBegin(out bool counts))
            {
                long start = time.GetTimestamp();
                try
                {
                    long bytes = await call(client, random, cancellationToken);
                    if (!counts)
                        continue;
                    Times.Add(time.GetElapsedTime(start));
                    Bytes += bytes;
                }
                catch (RpcException exception) when (!cancellationToken.IsCancellationRequested)
                {
                    if (!counts)
                        continue;
                    Failures++;
                    FirstFailure ??= $"{exception.Code}: {exception.Status.Message}";
                }

                turns.End();
            }
        }
    }
}
