using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Journals;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Tests.Scheduling;

// Schedulers that die and are followed by others, workers that come back, operators, and workers with more than slots.
internal sealed partial class SchedulerWorld
{
    private readonly List<JournalEntry> journal = [];
    private readonly List<Worker> vanished = [];
    private readonly HashSet<string> drained = [];
    private readonly Dictionary<string, DateTimeOffset> quarantined = [];
    private readonly Dictionary<long, Reapi.ExecuteResponse> written = []; // to the cache, by execution
    private readonly Dictionary<string, Execution.Scheduling.Resources> setAside = [];
    private int epochs;
    private DateTimeOffset lastFailOver;
    private bool isRestoring;
    private readonly HashSet<Client> restoredRecords = []; // who waited for a result to be written down when a scheduler was lost

    private Scheduler NewScheduler() => new(options, $"epoch{++epochs}", journals: true);

    private static Reapi.ExecuteResponse Success(int exitCode) => new() { Result = new Reapi.ActionResult { ExitCode = exitCode } };

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

        restoredRecords.Clear();
        foreach (Client client in clients)
        {
            client.Waiters = 0;
            if (client.Recorded is not null)
                restoredRecords.Add(client);
            client.Recorded = null; // unless the scheduler's heir knows of the result
        }

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
}
