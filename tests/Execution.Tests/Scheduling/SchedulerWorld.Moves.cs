using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using Resources = RemoteExec.Protocol.Workers.Resources;

namespace RemoteExec.Execution.Tests.Scheduling;

// What clients, workers and storage do.
internal sealed partial class SchedulerWorld
{
    private void AddWorker(Step step)
    {
        Reapi.Platform platform = step.How < 3 ? anything : step.How < 6 ? linux : linuxGpu;
        Resources? resources = step.How % 3 == 0 ? new Resources { CpuMillis = 2000, MemoryBytes = 4L << 30 } : null;
        workers.Add(new Worker($"slot{++names}", $"worker{names / 2}", platform, resources));
    }

    private void Start(Step step)
    {
        var client = new Client(new OperationName(default, new Guid(++names, 0, 0, new byte[8])), step.Which % Actions);
        clients.Add(client);
        var submission = new Submission
        {
            SkipCacheLookup = step.How % 2 == 0,
            Priority = step.How,
            RequestMetadata = new Reapi.RequestMetadata { ToolInvocationId = $"build{names % 3}", ActionMnemonic = $"Mnemonic{client.Action % 2}" },
        };
        Apply(new SchedulerEvent.OperationStarted(client.Name, digests[client.Action], submission));
        Assert.NotNull(client.Last);
    }

    private void Prepare(int index, bool hit)
    {
        SchedulerEffect.Prepare prepare = toPrepare[index];
        toPrepare.RemoveAt(index);
        int action = Array.IndexOf(digests, prepare.ActionDigest);
        if (hit && !prepare.SkipCacheLookup)
        {
            Apply(new SchedulerEvent.OperationAnswered(prepare.Name, new Outcome.Answered(new Reapi.ExecuteResponse { CachedResult = true })));
            return;
        }

        Assert.True(options.Properties.TryRead(PlatformOf(action), out PlatformWish wish, out _));
        var ready = PreparedAction.Of(prepare.ActionDigest, new Reapi.Action { DoNotCache = DoNotCache(action) }, wish, TimeSpan.FromMinutes(1));
        if (clients.Find(client => client.Name == prepare.Name) is { IsOver: false } admitted)
            admitted.Admitted = true;
        Apply(new SchedulerEvent.OperationPrepared(prepare.Name, ready));
    }

    private void Record(int index)
    {
        SchedulerEffect.Record record = toRecord[index];
        toRecord.RemoveAt(index);
        Store(record);
        Apply(new SchedulerEvent.ResultRecorded(record.ExecutionId, new Outcome.Answered(record.Response)));
    }

    private void PostState(Worker worker)
    {
        if (worker.Poll is not null)
            return;
        if (worker.Lease is { } lease)
            Post(worker, request => request.Executing = new SynchronizeRequest.Types.Executing { LeaseId = lease });
        else
            Post(worker, request => request.Idle = new SynchronizeRequest.Types.Idle());
    }

    private void PostResult(Worker worker, Reapi.ExecuteResponse response, bool retryable, bool leaving, bool outOfMemory = false)
    {
        string lease = worker.Lease!;
        worker.Lease = null;
        worker.Poll = null;
        if (running.Remove(lease, out (Digest Digest, Worker) run) && retryable && worker.Expires > now)
            restsAtLeastUntil[Array.IndexOf(digests, run.Digest)] = now + (options.RetryDelay / 2);
        if (leaving)
            workers.Remove(worker);
        long poll = Post(worker, request => request.Completed = new SynchronizeRequest.Types.Completed
        {
            LeaseId = lease,
            Response = response,
            Retryable = retryable,
            Leaving = leaving,
            OutOfMemory = outOfMemory,
            Usage = new Usage { CpuTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(3)), WallTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)), PeakMemoryBytes = 1 << 20 },
        });
        Assert.True(answered.Contains(poll), "a result is answered at once");
    }

    private long Post(Worker worker, Action<SynchronizeRequest> fill)
    {
        var request = new SynchronizeRequest { SlotId = worker.SlotId, WorkerName = worker.Name, Platform = worker.Platform, ProtocolMinor = MinorOf(worker) };
        if (worker.Resources is { } told)
            (request.WorkerId, request.Resources) = (worker.Id, told);
        fill(request);
        worker.Poll = ++lastPoll;
        worker.PolledAt = now;
        worker.Expires = now + options.LeaseDuration;
        Apply(new SchedulerEvent.SlotPosted(request, lastPoll));
        return lastPoll;
    }
}
