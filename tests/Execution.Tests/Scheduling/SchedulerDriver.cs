using System.Security.Cryptography;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;
using RemoteExec.TestKit;

namespace RemoteExec.Execution.Tests.Scheduling;

/// <summary>Drives a scheduler by hand: events go in with short words, effects are kept where a test looks for them.</summary>
internal sealed class SchedulerDriver(ExecutionOptions? options = null)
{
    private readonly Scheduler scheduler = new(options ?? new ExecutionOptions(), "epoch");
    private long lastPoll;
    private int lastOperation;

    public ExecutionOptions Options { get; } = options ?? new ExecutionOptions();

    public DateTimeOffset Now { get; private set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The newest state of each operation that was not forgotten.</summary>
    public Dictionary<OperationName, OperationState> States { get; } = [];

    /// <summary>All states, in order.</summary>
    public List<OperationState> Published { get; } = [];

    /// <summary>The answers to posts; null means idle.</summary>
    public Dictionary<long, Lease?> Answers { get; } = [];

    /// <summary>What slots were told with these answers that their workers may be given next: numbers of actions.</summary>
    public Dictionary<long, int[]> Upcoming { get; } = [];

    /// <summary>The minor version of the protocol that slots speak.</summary>
    public uint Minor { get; set; }

    /// <summary>How many attempts there were at all actions together.</summary>
    public int LeasesGiven => Answers.Values.OfType<Lease>().DistinctBy(lease => lease.Id).Count();

    public List<SchedulerEffect.Record> Records { get; } = [];

    /// <summary>Which workers came (+), left (-), were lost (!) or put into quarantine (?), in order.</summary>
    public List<string> Workers { get; } = [];

    public Scheduler Scheduler => scheduler;

    /// <summary>Hears of every effect.</summary>
    public Action<SchedulerEffect>? OnEffect { get; init; }

    public static Digest DigestOf(int number) => Digest.Create(default, DigestFunction.Sha256, SHA256.HashData(BitConverter.GetBytes(number)), number + 1);

    public static int NumberOf(Lease lease) => NumberOf(lease.Action);

    private static int NumberOf(PreparedAction action) => (int)action.Digest.SizeBytes - 1;

    public static Reapi.Platform Platform(params (string Name, string Value)[] properties)
    {
        var platform = new Reapi.Platform();
        foreach ((string name, string value) in properties)
            platform.Properties.Add(new Reapi.Platform.Types.Property { Name = name, Value = value });
        return platform;
    }

    public PlatformWish WishOf(Reapi.Platform? platform) =>
        Options.Properties.TryRead(platform, out PlatformWish wish, out string? error) ? wish : throw new ArgumentException(error);

    public void Apply(SchedulerEvent change)
    {
        foreach (SchedulerEffect effect in scheduler.Apply(change, Now))
        {
            OnEffect?.Invoke(effect);
            switch (effect)
            {
                case SchedulerEffect.Publish publish:
                    States[publish.State.Name] = publish.State;
                    Published.Add(publish.State);
                    break;
                case SchedulerEffect.Forget forget:
                    States.Remove(forget.Name);
                    break;
                case SchedulerEffect.AnswerPoll answer:
                    Answers.Add(answer.Poll, answer.Lease);
                    Upcoming.Add(answer.Poll, [.. answer.Upcoming.Select(NumberOf)]);
                    break;
                case SchedulerEffect.Record record:
                    Records.Add(record);
                    break;
                case SchedulerEffect.WorkerQuarantined some:
                    Workers.Add($"?{some.Worker}");
                    break;
                case SchedulerEffect.WorkerJoined joined:
                    Workers.Add($"+{joined.Worker}");
                    break;
                case SchedulerEffect.WorkerLeft left:
                    Workers.Add(left.IsLost ? $"!{left.Worker}" : $"-{left.Worker}");
                    break;
            }
        }
    }

    /// <summary>Lets time pass, and tells the scheduler whenever it wanted to be told.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset target = Now + by;
        while (scheduler.NextAlarm is { } alarm && alarm <= target)
        {
            Now = alarm > Now ? alarm : Now;
            Apply(new SchedulerEvent.TimePassed());
        }

        Now = target;
        Apply(new SchedulerEvent.TimePassed());
    }

    /// <summary>An operation up to the point where its action is read.</summary>
    public OperationName Start(int action, int priority = 0, bool skipCache = false, string instance = "", Reapi.RequestMetadata? metadata = null)
    {
        Assert.True(InstanceName.TryParse(instance, out InstanceName parsed, out _));
        var name = new OperationName(parsed, new Guid(++lastOperation, 0, 0, new byte[8]));
        Apply(new SchedulerEvent.OperationStarted(
            name, DigestOf(action), new Submission { Priority = priority, SkipCacheLookup = skipCache, RequestMetadata = metadata }));
        return name;
    }

    /// <summary>An action of a build that has to be run.</summary>
    public OperationName ExecuteFor(
        string build, int action, string instance = "", string mnemonic = "", string tool = "", Reapi.Platform? platform = null, ulong[]? locality = null)
    {
        var metadata = new Reapi.RequestMetadata
        {
            ToolInvocationId = build,
            ActionMnemonic = mnemonic,
            ToolDetails = new Reapi.ToolDetails { ToolName = tool },
        };
        OperationName name = Start(action, instance: instance, metadata: metadata);
        Prepare(name, action, platform, locality: locality);
        return name;
    }

    public void Prepare(OperationName name, int action, Reapi.Platform? platform = null, bool doNotCache = false, ulong[]? locality = null) =>
        Apply(new SchedulerEvent.OperationPrepared(
            name,
            PreparedAction.Of(DigestOf(action), new Reapi.Action { DoNotCache = doNotCache }, WishOf(platform), TimeSpan.FromMinutes(1)) with { Locality = locality ?? [] }));

    /// <summary>An operation whose action has to be run.</summary>
    public OperationName Execute(int action, Reapi.Platform? platform = null, int priority = 0, bool doNotCache = false, bool skipCache = false)
    {
        OperationName name = Start(action, priority, skipCache);
        Prepare(name, action, platform, doNotCache);
        return name;
    }

    /// <summary>What workers have by name; those that are not here do not tell.</summary>
    public Dictionary<string, Protocol.Workers.Resources> Resources { get; } = [];

    public long Post(string slot, Action<SynchronizeRequest> fill, Reapi.Platform? platform = null, string? worker = null)
    {
        var request = new SynchronizeRequest { SlotId = slot, WorkerName = worker ?? slot, Platform = platform ?? new Reapi.Platform(), ProtocolMinor = Minor };
        if (Resources.TryGetValue(request.WorkerName, out Protocol.Workers.Resources? resources))
            (request.WorkerId, request.Resources) = (request.WorkerName, resources);
        fill(request);
        Apply(new SchedulerEvent.SlotPosted(request, ++lastPoll));
        return lastPoll;
    }

    public long Idle(string slot, Reapi.Platform? platform = null, string? worker = null) =>
        Post(slot, request => request.Idle = new SynchronizeRequest.Types.Idle(), platform, worker);

    /// <summary>A slot posts idle, and has to get something at once.</summary>
    public Lease Take(string slot, Reapi.Platform? platform = null, string? worker = null)
    {
        long poll = Idle(slot, platform, worker);
        return Answers.GetValueOrDefault(poll) ?? throw new InvalidOperationException($"slot {slot} was given nothing");
    }

    public long Executing(
        string slot, string lease, Reapi.Platform? platform = null, Reapi.ExecutedActionMetadata? metadata = null, string? worker = null) =>
        Post(slot, request => request.Executing = new SynchronizeRequest.Types.Executing { LeaseId = lease, Metadata = metadata }, platform, worker);

    public long Complete(
        string slot, string lease, Reapi.ExecuteResponse? response = null, bool retryable = false, bool leaving = false,
        Reapi.Platform? platform = null, string? worker = null, bool outOfMemory = false, Usage? usage = null, bool doNotStore = false) =>
        Post(
            slot,
            request => request.Completed = new SynchronizeRequest.Types.Completed
            {
                OutOfMemory = outOfMemory,
                DoNotStore = doNotStore,
                Usage = usage,
                LeaseId = lease,
                Response = response ?? new Reapi.ExecuteResponse { Result = new Reapi.ActionResult() },
                Retryable = retryable,
                Leaving = leaving,
            },
            platform, worker);

    public long Fail(string slot, string lease, bool retryable, string? worker = null) => Complete(
        slot, lease, new Reapi.ExecuteResponse { Status = new Google.Rpc.Status { Code = 13, Message = "disk full" } }, retryable, worker: worker);

    /// <summary>Lets the time pass for which an action rests at most after so many attempts.</summary>
    public void PassRest(int attempts = 1) => Advance(Options.RetryDelay * Math.Pow(2, attempts - 1));

    public long Leave(string slot, Reapi.Platform? platform = null, string? worker = null) =>
        Post(slot, request => request.Leaving = new SynchronizeRequest.Types.Leaving(), platform, worker);

    /// <summary>Says that the newest result was checked and stored.</summary>
    public void RecordLast() => Apply(new SchedulerEvent.ResultRecorded(Records[^1].ExecutionId, new Outcome.Answered(Records[^1].Response)));

    public Outcome.Failed FailureOf(OperationName name) => Assert.IsType<Outcome.Failed>(States[name].Outcome);
}
