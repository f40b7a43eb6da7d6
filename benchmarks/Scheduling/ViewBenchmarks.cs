using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using RemoteExec.Execution;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Operators;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Operators;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>How long operators and metrics keep the scheduler from deciding, when a million actions of two hundred builds wait for ten thousand workers of eight slots, all of them busy.</summary>
[MemoryDiagnoser]
public class ViewBenchmarks
{
    private const int Workers = 10_000;
    private const int SlotsOfWorker = 8;
    private const int Builds = 200;
    private static readonly DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly Scheduler scheduler = new(new ExecutionOptions { LeaseDuration = TimeSpan.FromDays(10_000) }, "epoch");
    private IReadOnlyList<WorkerNode> some = [];
    private long lastPoll;

    /// <summary>How many actions wait.</summary>
    [Params(1000, 1_000_000)]
    public int Queued { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        for (int worker = 0; worker < Workers; worker++)
        {
            for (int slot = 0; slot < SlotsOfWorker; slot++)
            {
                var post = new SynchronizeRequest { SlotId = $"{worker}/{slot}", WorkerName = $"worker-{worker}", WorkerId = $"{worker}", Idle = new SynchronizeRequest.Types.Idle() };
                scheduler.Apply(new SchedulerEvent.SlotPosted(post, ++lastPoll), now);
            }
        }

        var action = new Reapi.Action();
        Submission[] submissions = [.. Enumerable.Range(0, Builds).Select(build => new Submission { RequestMetadata = new Reapi.RequestMetadata { ToolInvocationId = $"build-{build}" } })];
        for (int i = 1; i <= (Workers * SlotsOfWorker) + Queued; i++)
        {
            var name = new OperationName(default, new Guid(i, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
            Digest digest = DigestOf(i);
            scheduler.Apply(new SchedulerEvent.OperationStarted(name, digest, submissions[i % Builds]), now);
            scheduler.Apply(new SchedulerEvent.OperationPrepared(name, PreparedAction.Of(digest, action, PlatformWish.None, TimeSpan.FromMinutes(1))), now);
        }

        some = [.. scheduler.FindWorkers("*").Take(64)];
        QueueInfo queue = ForMetrics().Queues[0];
        if (queue.Queued != Queued || queue.Running != Workers * SlotsOfWorker)
            throw new InvalidOperationException($"{queue.Queued} wait and {queue.Running} run");
    }

    /// <summary>What is collected every few seconds, and what an autoscaler reads.</summary>
    [Benchmark]
    public ListQueuesResponse ForMetrics() => scheduler.ListQueues(PlatformFilter.All, mostBuilds: 0, now);

    /// <summary>The queue with its greatest builds.</summary>
    [Benchmark]
    public ListQueuesResponse Queues() => scheduler.ListQueues(PlatformFilter.All, mostBuilds: 20, now);

    /// <summary>Workers with what they run: as many as are told of at a time, while the scheduler waits.</summary>
    [Benchmark]
    public IReadOnlyList<WorkerInfo?> SomeWorkers() => [.. some.Select(scheduler.Describe)];

    /// <summary>Which workers there are.</summary>
    [Benchmark]
    public int FindWorkers() => scheduler.FindWorkers("*").Count;

    /// <summary>A thousand operations.</summary>
    [Benchmark]
    public ListOperationsResponse Operations() => scheduler.ListOperations("", "", done: false, limit: 1000);

    /// <summary>A thousand operations of one build.</summary>
    [Benchmark]
    public ListOperationsResponse OperationsOfBuild() => scheduler.ListOperations("build-7", "", done: false, limit: 1000);

    private static Digest DigestOf(int number)
    {
        Span<byte> hash = stackalloc byte[32];
        MemoryMarshal.Write(hash, unchecked(number * 0x9E3779B1L));
        return Digest.Create(default, DigestFunction.Sha256, hash, 140);
    }
}
