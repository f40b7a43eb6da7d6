using System.Diagnostics;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using RemoteExec.Execution;
using RemoteExec.Execution.Journal;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Journals;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Benchmarks.Scheduling.Simulation;

/// <summary>
/// The real scheduler with a fleet and clients that are made up, in a time that is: as fast as the scheduler can decide. Workers vanish and come back, some fail, and now and then another
/// scheduler takes over from the journal's snapshot.
/// </summary>
internal sealed class FleetSimulation
{
    private static readonly (string Name, double Weight)[] tenants = [("android", 4), ("server", 2), ("web", 1), ("research", 1)];
    private static readonly double[] meanSeconds = [0.5, 1, 2, 4, 8, 16]; // by mnemonic
    private static readonly TimeSpan sampling = TimeSpan.FromSeconds(5);
    private static readonly DateTimeOffset epoch = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly ExecutionOptions options = new()
    {
        Retention = TimeSpan.FromSeconds(30),
        Fairness = new FairnessOptions
        {
            Tenants = tenants.ToDictionary(tenant => tenant.Name, tenant => tenant.Weight),
            Rules = [new BuildRule { Class = BuildClass.Batch, Tool = "ci" }],
        },
    };

    private readonly FleetOptions fleet;
    private readonly Random random;
    private readonly PriorityQueue<Action, (TimeSpan At, long Number)> agenda = new();
    private readonly List<SimulatedWorker> workers = [];
    private readonly Dictionary<long, SimulatedWorker> polls = [];
    private readonly Dictionary<OperationName, (SimulatedBuild Build, int Action)> operations = [];
    private readonly HashSet<Digest> stored = [];
    private readonly HashSet<string> begun = new(StringComparer.Ordinal);
    private readonly FleetResult result = new();
    private readonly Stopwatch deciding = new();
    private Scheduler scheduler;
    private TimeSpan now;
    private long lastNumber;
    private long lastPoll;
    private int epochs;
    private int building;

    private FleetSimulation(FleetOptions fleet)
    {
        this.fleet = fleet;
        random = new Random(fleet.Seed);
        scheduler = NewScheduler();
    }

    /// <summary>The names of the tenants, in the order of the samples.</summary>
    public static IReadOnlyList<string> Tenants { get; } = [.. tenants.Select(tenant => $"{tenant.Name} ({tenant.Weight})")];

    /// <summary>Runs until every build has ended.</summary>
    public static FleetResult Run(FleetOptions fleet)
    {
        var simulation = new FleetSimulation(fleet);
        simulation.Plan();
        simulation.Go();
        return simulation.result;
    }

    private Scheduler NewScheduler() => new(options, $"epoch{++epochs}", journals: true);

    private void Plan()
    {
        result.Builds = [.. MakeBuilds()];
        building = result.Builds.Count;
        foreach (SimulatedBuild build in result.Builds)
            At(build.Begin, () => Continue(build));
        for (int i = 0; i < fleet.Workers; i++)
        {
            var worker = new SimulatedWorker($"worker{i}", isFlaky: i < fleet.FlakyWorkers);
            workers.Add(worker);
            At(TimeSpan.FromSeconds(10 * random.NextDouble()), () => PostIdle(worker));
        }

        foreach (TimeSpan time in fleet.FailOvers)
            At(time, FailOver);
        At(sampling, Sample);
        if (fleet.VanishingPerMinute > 0)
            At(NextVanishing(), Vanish);
    }

    private IEnumerable<SimulatedBuild> MakeBuilds()
    {
        double[] sizes = [.. Enumerable.Range(0, fleet.Builds).Select(_ => Math.Pow(1 - random.NextDouble(), -1.2))]; // a few have most
        double scale = (fleet.Actions - (20 * fleet.Builds)) / sizes.Sum();
        int left = fleet.Actions;
        for (int i = 0; i < fleet.Builds; i++)
        {
            int size = i == fleet.Builds - 1 ? left : Math.Min(left, 20 + (int)(sizes[i] * scale));
            left -= size;
            string tool = size > 5000 ? "ci" : "bazel";
            yield return new SimulatedBuild(i, tenants[i % tenants.Length].Name, tool, size, jobs: Math.Min(size, 20_000), fleet.Arrival * random.NextDouble());
        }
    }

    private void Go()
    {
        while (building > 0)
        {
            TimeSpan alarm = scheduler.NextAlarm is { } next ? next - epoch : TimeSpan.MaxValue;
            if (agenda.TryPeek(out _, out (TimeSpan At, long) first) && first.At <= alarm)
            {
                now = first.At > now ? first.At : now;
                agenda.Dequeue()();
            }
            else
            {
                now = alarm > now ? alarm : now;
                Apply(new SchedulerEvent.TimePassed());
            }
        }

        result.Length = now;
        result.SchedulerSeconds = deciding.Elapsed.TotalSeconds;
    }

    private void At(TimeSpan time, Action action) => agenda.Enqueue(action, (time, ++lastNumber));

    private void Continue(SimulatedBuild build)
    {
        while (build.Started < build.Actions && build.Started - build.Done - build.Failed < build.Jobs)
        {
            int action = build.Started++;
            var name = new OperationName(InstanceOf(build), new Guid(build.Number, 0, 0, 0, 0, 0, 0, (byte)(action >> 24), (byte)(action >> 16), (byte)(action >> 8), (byte)action));
            operations.Add(name, (build, action));
            var metadata = new Reapi.RequestMetadata
            {
                ToolInvocationId = $"build{build.Number}",
                ActionMnemonic = $"Mnemonic{MnemonicOf(action)}",
                ToolDetails = new Reapi.ToolDetails { ToolName = build.Tool },
            };
            Apply(new SchedulerEvent.OperationStarted(name, DigestOf(build, action), new Submission { RequestMetadata = metadata }));
        }
    }

    private void Ended(OperationState state)
    {
        if (!operations.Remove(state.Name, out (SimulatedBuild Build, int Action) operation))
            return; // told again after a fail-over
        SimulatedBuild build = operation.Build;
        if (state.Outcome is Outcome.Answered { Response.Result.ExitCode: 0 })
            build.Done++;
        else
            build.Failed++;
        if (build.Done + build.Failed == build.Actions)
        {
            build.End = now;
            building--;
        }
        else
        {
            At(now, () => Continue(build));
        }
    }

    private void Apply(SchedulerEvent change)
    {
        result.Events++;
        deciding.Start();
        IReadOnlyList<SchedulerEffect> effects = scheduler.Apply(change, epoch + now);
        deciding.Stop();
        Perform(effects);
    }

    private void Perform(IReadOnlyList<SchedulerEffect> effects)
    {
        foreach (SchedulerEffect effect in effects)
        {
            switch (effect)
            {
                case SchedulerEffect.Prepare prepare:
                    At(now, () => Prepare(prepare));
                    break;
                case SchedulerEffect.Publish { State.IsDone: true } publish:
                    Ended(publish.State);
                    break;
                case SchedulerEffect.Record record:
                    Scheduler owner = scheduler;
                    At(now, () => Record(record, owner));
                    break;
                case SchedulerEffect.AnswerPoll answer when polls.Remove(answer.Poll, out SimulatedWorker? worker) && worker.Poll == answer.Poll:
                    worker.Poll = null;
                    Answer(worker, answer.Lease);
                    break;
                case SchedulerEffect.WorkerQuarantined:
                    result.Quarantines++;
                    break;
            }
        }
    }

    private void Prepare(SchedulerEffect.Prepare prepare)
    {
        if (!operations.TryGetValue(prepare.Name, out (SimulatedBuild Build, int Action) operation))
            return;
        PreparedAction action = PreparedAction.Of(prepare.ActionDigest, new Reapi.Action(), PlatformWish.None, TimeSpan.FromMinutes(10)) with
        {
            Locality = [(ulong)((operation.Build.Number * 1000) + (operation.Action % 50))],
        };
        Apply(new SchedulerEvent.OperationPrepared(prepare.Name, action));
    }

    private void Record(SchedulerEffect.Record record, Scheduler owner)
    {
        if (record.Store && stored.Add(record.ActionDigest))
            result.Stored++;
        else if (record is { Store: true, IsRepeated: false })
            result.StoredTwice++;
        if (owner == scheduler)
            Apply(new SchedulerEvent.ResultRecorded(record.ExecutionId, new Outcome.Answered(record.Response)));
    }

    private void Answer(SimulatedWorker worker, Lease? lease)
    {
        if (lease is null)
        {
            worker.Lease = null; // what it had was given up, or there was nothing
            At(now, () => PostIdle(worker));
        }
        else if (worker.Lease is { } current && current.Id == lease.Id)
        {
            At(now + TimeSpan.FromSeconds(1), () => PostExecuting(worker, lease.Id));
        }
        else
        {
            Begin(worker, lease);
        }
    }

    private void Begin(SimulatedWorker worker, Lease lease)
    {
        (SimulatedBuild build, int action) = Find(lease.Action.Digest);
        result.Attempts++;
        if (!worker.Seen.Add(lease.Action.Locality[0]))
            result.Local++;
        double seconds = SecondsOf(build, action);
        if (begun.Add(lease.Action.Digest.Hash))
        {
            build.Work += seconds;
            build.Longest = Math.Max(build.Longest, seconds);
        }

        worker.Lease = lease;
        bool fails = worker.IsFlaky && random.NextDouble() < 0.8;
        TimeSpan end = now + (fails ? TimeSpan.FromSeconds(0.1) : TimeSpan.FromSeconds(seconds));
        int life = worker.Life;
        At(end, () => Complete(worker, life, lease, seconds, fails));
        if (end - now > TimeSpan.FromSeconds(20))
            At(now + TimeSpan.FromSeconds(15), () => PostExecuting(worker, lease.Id));
    }

    private void Complete(SimulatedWorker worker, int life, Lease lease, double seconds, bool fails)
    {
        if (worker.Life != life || worker.Lease?.Id != lease.Id)
            return; // it was told to stop, or died
        if (worker.IsAway)
        {
            worker.Finished = () => Complete(worker, life, lease, seconds, fails);
            return;
        }

        result.Busy += seconds;
        worker.Lease = null;
        Post(worker, post => post.Completed = new SynchronizeRequest.Types.Completed
        {
            LeaseId = lease.Id,
            Retryable = fails,
            Response = fails
                ? new Reapi.ExecuteResponse { Status = new Google.Rpc.Status { Code = 14 } }
                : new Reapi.ExecuteResponse { Result = new Reapi.ActionResult() },
            Usage = fails ? null : new Usage { WallTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)), CpuTime = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)) },
        });
    }

    private void PostIdle(SimulatedWorker worker)
    {
        if (worker is { IsAway: false, Lease: null, Poll: null })
            Post(worker, post => post.Idle = new SynchronizeRequest.Types.Idle());
    }

    private void PostExecuting(SimulatedWorker worker, string lease)
    {
        if (!worker.IsAway && worker.Lease?.Id == lease && worker.Poll is null)
            Post(worker, post => post.Executing = new SynchronizeRequest.Types.Executing { LeaseId = lease });
    }

    private void Post(SimulatedWorker worker, Action<SynchronizeRequest> fill)
    {
        var post = new SynchronizeRequest { SlotId = $"{worker.Name}/{worker.Life}", WorkerName = worker.Name, ProtocolMinor = WorkerProtocol.Minor };
        fill(post);
        worker.Poll = ++lastPoll;
        polls.Add(lastPoll, worker);
        Apply(new SchedulerEvent.SlotPosted(post, lastPoll));
    }

    private TimeSpan NextVanishing() => now + TimeSpan.FromMinutes(-Math.Log(1 - random.NextDouble()) / (fleet.VanishingPerMinute * fleet.Workers));

    // Half of them only lose their connection, for longer than a lease is good for; the others die, and their machines start anew.
    private void Vanish()
    {
        SimulatedWorker worker = workers[random.Next(workers.Count)];
        At(NextVanishing(), Vanish);
        if (worker.IsAway)
            return;
        result.Vanished++;
        worker.IsAway = true;
        if (worker.Poll is { } poll)
        {
            worker.Poll = null;
            polls.Remove(poll);
            Apply(new SchedulerEvent.PollBroken($"{worker.Name}/{worker.Life}", poll));
        }

        bool dies = random.Next(2) == 0;
        At(now + TimeSpan.FromSeconds(40 + (60 * random.NextDouble())), () => Return(worker, dies));
    }

    private void Return(SimulatedWorker worker, bool died)
    {
        worker.IsAway = false;
        if (died)
        {
            worker.Life++;
            worker.Lease = null;
            worker.Finished = null;
            worker.Seen.Clear();
        }

        if (worker.Finished is { } finished)
        {
            worker.Finished = null;
            result.LateResults++;
            finished();
        }
        else if (worker.Lease is { } lease)
        {
            PostExecuting(worker, lease.Id);
        }
        else
        {
            PostIdle(worker);
        }
    }

    private void FailOver()
    {
        var state = new JournalState();
        foreach (JournalEntry entry in scheduler.TakeSnapshot())
            state.Apply(entry);
        polls.Clear();
        scheduler = NewScheduler();
        Perform(scheduler.Restore(state, epoch + now));
        foreach (OperationName name in operations.Keys.ToArray())
            Apply(new SchedulerEvent.WaiterJoined(name));
        foreach (SimulatedWorker worker in workers)
        {
            worker.Poll = null;
            TimeSpan soon = now + TimeSpan.FromSeconds(random.NextDouble());
            if (worker.Lease is { } lease)
                At(soon, () => PostExecuting(worker, lease.Id));
            else
                At(soon, () => PostIdle(worker));
        }
    }

    private void Sample()
    {
        int[] running = new int[tenants.Length];
        foreach (SimulatedWorker worker in workers)
        {
            if (worker is { Lease: { } lease, IsAway: false })
                running[Find(lease.Action.Digest).Build.Number % tenants.Length]++;
        }

        result.Samples.Add((now, operations.Count - running.Sum(), running.Sum(), running));
        At(now + sampling, Sample);
    }

    private static int MnemonicOf(int action) => action % meanSeconds.Length;

    // Spread as times of actions are: most are short, some take several times as long.
    private static double SecondsOf(SimulatedBuild build, int action)
    {
        var own = new Random((build.Number * 1_000_003) + action);
        double normal = Math.Sqrt(-2 * Math.Log(1 - own.NextDouble())) * Math.Cos(2 * Math.PI * own.NextDouble());
        return meanSeconds[MnemonicOf(action)] * Math.Exp((0.5 * normal) - 0.125);
    }

    private static Digest DigestOf(SimulatedBuild build, int action)
    {
        Span<byte> hash = stackalloc byte[32];
        MemoryMarshal.Write(hash, unchecked(((build.Number * 1_000_003L) + action) * (long)0x9E3779B97F4A7C15)); // as spread as those of real actions
        MemoryMarshal.Write(hash[8..], build.Number);
        MemoryMarshal.Write(hash[12..], action);
        return Digest.Create(InstanceOf(build), DigestFunction.Sha256, hash, 140);
    }

    private static InstanceName InstanceOf(SimulatedBuild build) =>
        InstanceName.TryParse(build.Tenant, out InstanceName instance, out string? error) ? instance : throw new ArgumentException(error);

    private (SimulatedBuild Build, int Action) Find(Digest digest) =>
        (result.Builds[MemoryMarshal.Read<int>(digest.HashSpan[8..])], MemoryMarshal.Read<int>(digest.HashSpan[12..]));
}
