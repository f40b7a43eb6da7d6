using BenchmarkDotNet.Attributes;
using RemoteExec.Execution;
using RemoteExec.Execution.Operations;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>
/// What an action costs the scheduler, which has one lock for all: no more the more are waiting. The events and the worker's messages count in.
/// </summary>
[MemoryDiagnoser]
public class SchedulerBenchmarks
{
    // Done operations are forgotten soon, so that as many are kept at the end of a run as at its begin.
    private static readonly ExecutionOptions options = new() { Retention = TimeSpan.FromSeconds(1) };
    private DrivenScheduler scheduler = null!;

    /// <summary>How many other actions wait meanwhile.</summary>
    [Params(0, 1000, 100_000)]
    public int Queued { get; set; }

    /// <summary>One action runs and the others wait for its worker, of which nothing more is heard unless a benchmark says so.</summary>
    [GlobalSetup(Targets = [nameof(Run), nameof(Merge), nameof(Cancel)])]
    public void Prepare()
    {
        scheduler = new DrivenScheduler(options with { LeaseDuration = TimeSpan.FromDays(10_000) });
        scheduler.Connect();
        Fill();
    }

    /// <summary>There is no worker, and each action is told so when those that came since are as many as should wait.</summary>
    [GlobalSetup(Target = nameof(TimeOut))]
    public void PrepareWithoutWorker()
    {
        scheduler = new DrivenScheduler(options with { NoWorkerTimeout = (Queued + 1) * DrivenScheduler.Step });
        Fill();
    }

    [GlobalCleanup]
    public void Check() => scheduler.Expect(inFlight: Queued + 1);

    /// <summary>An action is queued, the longest waiting one is given to the worker, and the one before it is done and recorded.</summary>
    [Benchmark]
    public long Run()
    {
        scheduler.EnqueueNew();
        scheduler.Complete();
        return scheduler.Done;
    }

    /// <summary>One more client asks for an action that is in flight, and cancels.</summary>
    [Benchmark]
    public long Merge()
    {
        OperationName name = scheduler.Enqueue(scheduler.NewestAction);
        scheduler.Cancel(name);
        return scheduler.Done;
    }

    /// <summary>An action is queued, and cancelled while it waits.</summary>
    [Benchmark]
    public long Cancel()
    {
        OperationName name = scheduler.EnqueueNew();
        scheduler.Cancel(name);
        return scheduler.Done;
    }

    /// <summary>An action is queued, and the one that has waited longest has waited in vain.</summary>
    [Benchmark]
    public long TimeOut()
    {
        scheduler.EnqueueNew();
        return scheduler.Done;
    }

    private void Fill()
    {
        for (int i = 0; i <= Queued; i++)
            scheduler.EnqueueNew();
        Check();
    }
}
