using BenchmarkDotNet.Attributes;
using RemoteExec.Execution;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>What one run of an action costs the scheduler that many clients wait for: divided by the clients, no more the more they are.</summary>
[MemoryDiagnoser]
public class SharedRunBenchmarks
{
    private readonly DrivenScheduler scheduler = new(new ExecutionOptions { MaxRetainedOperations = 1000 });

    /// <summary>How many clients ask for the action.</summary>
    [Params(1, 100, 10_000)]
    public int Clients { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        scheduler.Connect();
        scheduler.EnqueueNew();
    }

    [GlobalCleanup]
    public void Check() => scheduler.Expect(inFlight: 1);

    /// <summary>All clients ask, the worker is done with what it runs and gets the action; so the next time it is this one that ends.</summary>
    [Benchmark]
    public long Run()
    {
        scheduler.EnqueueNew();
        for (int i = 1; i < Clients; i++)
            scheduler.Enqueue(scheduler.NewestAction);
        scheduler.Complete();
        return scheduler.Done;
    }
}
