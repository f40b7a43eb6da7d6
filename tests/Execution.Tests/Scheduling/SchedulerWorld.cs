using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>
/// Clients, workers and storage round a scheduler, as honest as they come, but dying, dawdling and disconnecting as the steps say. It knows
/// nothing of the scheduler's insides: it checks what can be seen from outside.
/// </summary>
internal sealed partial class SchedulerWorld
{
    private const int Actions = 6;
    private static readonly ExecutionOptions plain = new() { MaxAttempts = 3, QuarantineAfter = 2 };
    private static readonly Reapi.Platform anything = new();
    private static readonly Reapi.Platform linux = SchedulerDriver.Platform(("os", "linux"));
    private static readonly Reapi.Platform big = SchedulerDriver.Platform(("cores", "2"), ("memory", "3GiB"));
    private static readonly Reapi.Platform linuxGpu = SchedulerDriver.Platform(("gpu", "yes"), ("os", "linux"));
    private static readonly Digest[] digests = [.. Enumerable.Range(0, Actions).Select(SchedulerDriver.DigestOf)];
    private readonly ExecutionOptions options;
    private readonly List<Client> clients = [];
    private readonly List<Worker> workers = [];
    private readonly List<SchedulerEffect.Prepare> toPrepare = [];
    private readonly List<SchedulerEffect.Record> toRecord = [];
    private readonly Dictionary<string, (Digest Digest, Worker Worker)> running = []; // by lease, as the scheduler must see it
    private readonly Dictionary<string, int> leases = []; // all there ever were, and their actions
    private readonly HashSet<long> answered = [];
    private readonly Dictionary<int, DateTimeOffset> restsAtLeastUntil = []; // by action; of those that share a run
    private Scheduler scheduler;
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long lastPoll;
    private int names;

    /// <param name="hedges">Whether an action may run twice at a time.</param>
    public SchedulerWorld(bool hedges)
    {
        options = hedges ? plain with { HedgeFactor = 2, HedgeAfter = TimeSpan.FromSeconds(5) } : plain;
        scheduler = NewScheduler();
    }

    /// <summary>Every effect, in words.</summary>
    public List<string> Log { get; } = [];

    public void Take(Step step)
    {
        switch (step.Kind)
        {
            case StepKind.Start:
                Start(step);
                break;
            case StepKind.Prepare when toPrepare.Count > 0:
                Prepare(step.Which % toPrepare.Count, hit: step.How == 0);
                break;
            case StepKind.Post:
                if (workers.Count <= step.Which)
                    AddWorker(step);
                else
                    PostState(workers[step.Which]);
                break;
            case StepKind.PostAgain when PickWorker(step) is { } worker:
                worker.Poll = null; // the worker no longer cares for the old call
                PostState(worker);
                break;
            case StepKind.Complete when PickRunning(step) is { } worker:
                PostResult(worker, Success(step.How % 2), retryable: false, leaving: step.How > 5);
                break;
            case StepKind.RunOutOfMemory when PickRunning(step) is { } worker:
                PostResult(worker, Success(exitCode: 137), retryable: false, leaving: false, outOfMemory: true);
                break;
            case StepKind.Fail when PickRunning(step) is { } worker:
                PostResult(worker, Failure(), retryable: true, leaving: false);
                break;
            case StepKind.FailForGood when PickRunning(step) is { } worker:
                PostResult(worker, Failure(), retryable: false, leaving: false);
                break;
            case StepKind.Vanish when PickWorker(step) is { } worker:
                workers.Remove(worker); // its leases stay with the scheduler, which has to notice
                worker.Poll = null;
                vanished.Add(worker);
                break;
            case StepKind.Return when vanished.Count > 0:
                Return(vanished[step.Which % vanished.Count], step.How);
                break;
            case StepKind.Drain:
                Drain($"worker{step.Which / 2}", undo: step.How < 4);
                break;
            case StepKind.FailOver:
                FailOver();
                break;
            case StepKind.CrashInResult when PickRunning(step) is { } worker:
                CrashInResult(worker);
                break;
            case StepKind.CrashInRecord when toRecord.Count > 0:
                Store(toRecord[step.Which % toRecord.Count]);
                FailOver();
                break;
            case StepKind.LeaveSlot when PickWorker(step) is { } worker:
                if (worker.Lease is { } held)
                    running.Remove(held);
                workers.Remove(worker);
                Post(worker, request => request.Leaving = new SynchronizeRequest.Types.Leaving());
                break;
            case StepKind.BreakPoll when PickWorker(step) is { Poll: { } poll } worker:
                worker.Poll = null;
                worker.ExpiresBy(now + options.ReconnectTime);
                Apply(new SchedulerEvent.PollBroken(worker.SlotId, poll));
                break;
            case StepKind.Record when toRecord.Count > 0:
                Record(step.Which % toRecord.Count);
                break;
            case StepKind.RefuseRecord when toRecord.Count > 0:
                SchedulerEffect.Record refused = toRecord[step.Which % toRecord.Count];
                toRecord.Remove(refused);
                written.Remove(refused.ExecutionId); // what was written is good for nothing: another result may take its place
                foreach (Client client in clients.Where(client => client.Recorded == refused.ExecutionId))
                    client.Recorded = null;
                Apply(new SchedulerEvent.ResultRefused(refused.ExecutionId, "not there"));
                break;
            case StepKind.WaiterLeaves when PickClient(step) is { Waiters: > 0 } client:
                client.Waiters--;
                Apply(new SchedulerEvent.WaiterLeft(client.Name));
                break;
            case StepKind.WaiterJoins when PickClient(step) is { } client:
                client.Waiters++;
                Apply(new SchedulerEvent.WaiterJoined(client.Name));
                break;
            case StepKind.Cancel when PickClient(step) is { } client:
                Apply(new SchedulerEvent.OperationCancelled(client.Name));
                Assert.True(client.IsOver, "a cancelled operation is done at once");
                break;
            case StepKind.Delete when PickClient(step) is { } client:
                client.Deleted = true;
                Apply(new SchedulerEvent.OperationDeleted(client.Name));
                break;
            case StepKind.PassTime:
                PassTime(TimeSpan.FromSeconds(1 + (step.Which * (step.How + 1))));
                break;
        }

        CheckNobodyIdlesBesideWork();
    }

    /// <summary>From here on all goes well: good workers come, storage answers. Every operation that is not done has to end.</summary>
    public void Settle()
    {
        workers.Clear();
        foreach (string name in drained.ToArray())
            Drain(name, undo: true);
        for (int i = 0; i < 3; i++)
            workers.Add(new Worker($"good{i}", $"goodworker{i}", linuxGpu, resources: null));
        for (int round = 0; round < 50 && clients.Exists(client => !client.IsOver); round++)
        {
            while (toPrepare.Count > 0)
                Prepare(0, hit: false);
            while (toRecord.Count > 0)
                Record(0);
            foreach (Worker worker in workers)
            {
                if (worker.Lease is null)
                    PostState(worker);
                else
                    PostResult(worker, Success(exitCode: 0), retryable: false, leaving: false);
            }

            PassTime(TimeSpan.FromSeconds(10));
        }

        Client? left = clients.Find(client => !client.IsOver);
        Assert.True(left is null, $"operation {left?.Name} on action {left?.Action} never ends; it is {left?.Last?.Stage}");
        Assert.Equal(0, scheduler.ExecutionsInFlight);
    }

    private static Reapi.ExecuteResponse Failure() => new() { Status = new Google.Rpc.Status { Code = 13, Message = "no luck" } };

    // The last two must not be cached; each has a platform of its own.
    private static bool DoNotCache(int action) => action >= Actions - 2;

    private static Reapi.Platform? PlatformOf(int action) => action switch { 0 => null, 1 => linux, 2 => linuxGpu, 3 => big, 4 => linux, _ => linuxGpu };

    private static bool MayRun(Worker worker, int action) =>
        PlatformOf(action) is not { } wanted || wanted.Properties.Where(property => property.Name is not "cores" and not "memory").All(worker.Platform.Properties.Contains);

    private void PassTime(TimeSpan by)
    {
        DateTimeOffset target = now + by;
        while (scheduler.NextAlarm is { } alarm && alarm <= target)
        {
            now = alarm > now ? alarm : now;
            Apply(new SchedulerEvent.TimePassed());
        }

        now = target;
        Apply(new SchedulerEvent.TimePassed());
        foreach (Worker worker in workers.Where(worker => worker.Poll is not null))
            Assert.True(worker.PolledAt + options.PollInterval > now, "a post is held no longer than the poll interval");
    }

    private void Apply(SchedulerEvent change)
    {
        IReadOnlyList<SchedulerEffect> effects = scheduler.Apply(change, now);
        journal.AddRange(scheduler.Facts);
        Perform(effects);
    }

    private void Perform(IReadOnlyList<SchedulerEffect> effects)
    {
        // What ended first makes room: a lease is looked at after all states that the same event brought.
        foreach (SchedulerEffect.Publish publish in effects.OfType<SchedulerEffect.Publish>())
            See(publish.State);
        DropWhatNobodyWaitsFor();
        foreach (SchedulerEffect effect in effects)
        {
            Log.Add(effect.ToString());
            switch (effect)
            {
                case SchedulerEffect.Prepare prepare:
                    toPrepare.Add(prepare);
                    break;
                case SchedulerEffect.Record record:
                    Assert.False(record.Store && (record.Response.Result.ExitCode != 0 || DoNotCache(Array.IndexOf(digests, record.ActionDigest))));
                    toRecord.Add(record);
                    StopOthers(record.ActionDigest);
                    AwaitRecord(record);
                    break;
                case SchedulerEffect.WorkerQuarantined some:
                    quarantined[some.Worker] = now + some.Time;
                    break;
                case SchedulerEffect.Forget forget:
                    Client? forgotten = clients.Find(client => client.Name == forget.Name);
                    Assert.True(forgotten is { IsOver: true }, "only what is done or deleted is forgotten");
                    break;
                case SchedulerEffect.AnswerPoll answer:
                    CheckUpcoming(answer);
                    Answer(answer);
                    break;
            }
        }
    }

    private Client? PickClient(Step step)
    {
        if (clients.Count == 0)
            return null;
        Client client = clients[^(1 + (((step.Which * 8) + step.How) % clients.Count))];
        return client.Deleted ? null : client;
    }

    private Worker? PickWorker(Step step) => workers.Count == 0 ? null : workers[step.Which % workers.Count];

    private Worker? PickRunning(Step step)
    {
        Worker[] busy = [.. workers.Where(worker => worker.Lease is not null)];
        return busy.Length == 0 ? null : busy[step.Which % busy.Length];
    }
}
