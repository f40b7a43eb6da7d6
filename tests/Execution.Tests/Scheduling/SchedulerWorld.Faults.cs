using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Journals;
using RemoteExec.Protocol.Workers;
using Resources = RemoteExec.Protocol.Workers.Resources;

namespace RemoteExec.Execution.Tests.Scheduling;

// Schedulers that die and are followed by others, workers that come back, operators, and workers with more than slots.
internal sealed partial class SchedulerWorld
{
    private readonly List<JournalEntry> journal = [];
    private readonly List<Worker> vanished = [];
    private readonly HashSet<string> drained = [];
    private readonly Dictionary<string, DateTimeOffset> quarantined = [];
    private readonly Dictionary<long, Reapi.ExecuteResponse> written = []; // to the cache, by execution
    private int epochs;
    private DateTimeOffset lastFailOver;
    private bool isRestoring;

    private Scheduler NewScheduler() => new(options, $"epoch{++epochs}", journals: true);

    private static Reapi.ExecuteResponse Success(int exitCode) => new() { Result = new Reapi.ActionResult { ExitCode = exitCode } };

    private void AddWorker(Step step)
    {
        Reapi.Platform platform = step.How < 3 ? anything : step.How < 6 ? linux : linuxGpu;
        Resources? resources = step.How % 3 == 0 ? new Resources { CpuMillis = 2000, MemoryBytes = 4L << 30 } : null;
        workers.Add(new Worker($"slot{++names}", $"worker{names / 2}", platform, resources));
    }

    private void Return(Worker worker, int how)
    {
        vanished.Remove(worker);
        workers.Add(worker);
        if (worker.Lease is { } lease)
            restsAtLeastUntil.Remove(leases[lease]); // there may be no reason any more to wait: it runs
        if (how < 4 || worker.Lease is null)
            PostState(worker);
        else
            PostResult(worker, Success(exitCode: 0), retryable: false, leaving: false);
    }

    private void Drain(string name, bool undo)
    {
        if (undo)
            drained.Remove(name);
        else
            drained.Add(name);
        Apply(new SchedulerEvent.WorkersDrained(name, undo, Grace: null));
    }

    // Another scheduler takes over with what the journal has: either every entry, or a snapshot in the place of those so far.
    private void FailOver()
    {
        if (epochs % 2 == 0)
        {
            IReadOnlyList<JournalEntry> snapshot = scheduler.TakeSnapshot();
            journal.Clear();
            journal.AddRange(snapshot);
        }

        var state = new JournalState();
        foreach (JournalEntry entry in journal)
            state.Apply(JournalEntry.Parser.ParseFrom(Google.Protobuf.MessageExtensions.ToByteArray(entry)));
        toPrepare.Clear();
        toRecord.Clear();
        quarantined.Clear();
        restsAtLeastUntil.Clear();
        foreach (Worker worker in workers.Concat(vanished))
        {
            worker.Poll = null;
            if (worker.Expires > now)
                worker.Expires = now + options.ReconnectTime; // it is waited for anew, unless it was given up already
        }

        foreach (Client client in clients)
            client.Waiters = 0;
        lastFailOver = now;
        scheduler = NewScheduler();
        isRestoring = true;
        Perform(scheduler.Restore(state, now));
        isRestoring = false;
        foreach (Client client in clients.Where(client => !client.IsOver))
        {
            client.Waiters++;
            Apply(new SchedulerEvent.WaiterJoined(client.Name));
        }

        Log.Add("fail-over");
    }

    // There is a result: whoever else runs the action is told to stop, as soon as anything is heard of it.
    private void StopOthers(Digest digest)
    {
        if (DoNotCache(Array.IndexOf(digests, digest)))
            return;
        foreach (string lease in running.Where(run => run.Value.Digest == digest).Select(run => run.Key).ToArray())
            running.Remove(lease);
    }

    // The scheduler dies over a result that it was told: the worker hears no answer, and tells it again later.
    private void CrashInResult(Worker worker)
    {
        var request = new SynchronizeRequest { SlotId = worker.SlotId, WorkerName = worker.Name, Platform = worker.Platform };
        request.Completed = new SynchronizeRequest.Types.Completed { LeaseId = worker.Lease, Response = Success(exitCode: 0) };
        scheduler.Apply(new SchedulerEvent.SlotPosted(request, ++lastPoll), now);
        FailOver();
        PostResult(worker, Success(exitCode: 0), retryable: false, leaving: false);
    }

    private void Store(SchedulerEffect.Record record)
    {
        if (!record.Store)
            return;
        if (written.TryGetValue(record.ExecutionId, out Reapi.ExecuteResponse? before))
        {
            Assert.True(record.IsRepeated, $"execution {record.ExecutionId} writes to the cache twice");
            Assert.Equal(before, record.Response); // so that the recorder finds it there and does not write
        }

        written[record.ExecutionId] = record.Response;
    }

    private bool IsKeptOut(Worker worker) => drained.Contains(worker.Name) || (quarantined.TryGetValue(worker.Name, out DateTimeOffset end) && end > now);

    // It has less than everything, and something runs there or somebody big is waited with.
    private bool IsNarrow(Worker worker) => worker.Resources is not null
        && (workers.Exists(other => other.Name == worker.Name && other.Lease is not null)
            || clients.Exists(client => !client.IsOver && PlatformOf(client.Action) == big)
            || vanished.Exists(other => other.Name == worker.Name)
            || lastFailOver + options.ReconnectTime > now); // what ran there is still awaited

    private void CheckRoom(Worker worker, Lease lease)
    {
        if (worker.Resources is not { } all)
        {
            Assert.Null(lease.SetAside);
            return;
        }

        Assert.NotNull(lease.SetAside);
        setAside[lease.Id] = lease.SetAside.Value;
        // One that nobody waits for any more stops as soon as its slot hears of it.
        IEnumerable<string> held = workers.Where(other => other.Id == worker.Id && other.Lease is not null && other.Expires > now).Select(other => other.Lease!)
            .Where(id => id == lease.Id || running.ContainsKey(id));
        long cpu = held.Distinct().Sum(id => setAside.GetValueOrDefault(id).CpuMillis);
        long memory = held.Distinct().Sum(id => setAside.GetValueOrDefault(id).MemoryBytes);
        Assert.True(cpu <= all.CpuMillis && memory <= all.MemoryBytes, $"{worker.Id} has been given more than it has: {cpu} millis, {memory} bytes");
    }

    private readonly Dictionary<string, Execution.Scheduling.Resources> setAside = [];
}
