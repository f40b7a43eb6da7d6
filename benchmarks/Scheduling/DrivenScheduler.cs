using System.Runtime.InteropServices;
using RemoteExec.Execution;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Workers;

namespace RemoteExec.Benchmarks.Scheduling;

/// <summary>
/// A scheduler, and the events that reach it from clients, from storage that is as fast as can be, and from a worker with one slot. Each operation comes
/// a <see cref="Step"/> after the one before.
/// </summary>
internal sealed class DrivenScheduler(ExecutionOptions options)
{
    private readonly Scheduler scheduler = new(options, "epoch");
    private readonly Reapi.Action action = new();
    private readonly Submission submission = new();
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private int lastOperation;
    private int lastAction;
    private long lastPoll;
    private string? lease;
    private SchedulerEffect.Record? record;

    /// <summary>The time from one operation to the next.</summary>
    public static TimeSpan Step { get; } = TimeSpan.FromMilliseconds(1);

    /// <summary>The newest action.</summary>
    public Digest NewestAction => DigestOf(lastAction);

    /// <summary>The number of operations that are done.</summary>
    public long Done { get; private set; }

    /// <summary>The worker comes, and waits for something to run.</summary>
    public void Connect() => Post(post => post.Idle = new SynchronizeRequest.Types.Idle());

    /// <summary>An operation up to the point where its action waits, if it is not in flight already.</summary>
    public OperationName Enqueue(Digest digest)
    {
        now += Step;
        var name = new OperationName(default, new Guid(++lastOperation, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
        Apply(new SchedulerEvent.OperationStarted(name, digest, submission));
        Apply(new SchedulerEvent.OperationPrepared(name, PreparedAction.Of(digest, action, PlatformWish.None, TimeSpan.FromMinutes(1))));
        return name;
    }

    /// <summary>An operation of an action that nobody has asked for before.</summary>
    public OperationName EnqueueNew() => Enqueue(DigestOf(++lastAction));

    /// <summary>The worker is done with what it runs, and gets the next; the result is stored.</summary>
    public void Complete()
    {
        string done = lease ?? throw new InvalidOperationException("the worker has nothing to run");
        Post(post => post.Completed = new SynchronizeRequest.Types.Completed
        {
            LeaseId = done,
            Response = new Reapi.ExecuteResponse { Result = new Reapi.ActionResult() },
        });
        Apply(new SchedulerEvent.ResultRecorded(record!.ExecutionId, new Outcome.Answered(record.Response)));
    }

    /// <summary>A client cancels its operation.</summary>
    public void Cancel(OperationName name) => Apply(new SchedulerEvent.OperationCancelled(name));

    /// <summary>Makes sure that a benchmark does what it says, and so leaves as many actions in flight as it found.</summary>
    public void Expect(int inFlight)
    {
        if (scheduler.ExecutionsInFlight != inFlight)
            throw new InvalidOperationException($"{scheduler.ExecutionsInFlight} actions are in flight instead of {inFlight}");
    }

    private void Post(Action<SynchronizeRequest> fill)
    {
        var request = new SynchronizeRequest { SlotId = "slot", WorkerName = "worker" };
        fill(request);
        Apply(new SchedulerEvent.SlotPosted(request, ++lastPoll));
    }

    private void Apply(SchedulerEvent change)
    {
        foreach (SchedulerEffect effect in scheduler.Apply(change, now))
        {
            switch (effect)
            {
                case SchedulerEffect.AnswerPoll answer:
                    lease = answer.Lease?.Id;
                    break;
                case SchedulerEffect.Record some:
                    record = some;
                    break;
                case SchedulerEffect.Publish { State.IsDone: true }:
                    Done++;
                    break;
            }
        }
    }

    /// <summary>As spread as the digests of real actions are.</summary>
    public static Digest DigestOf(int number)
    {
        Span<byte> hash = stackalloc byte[32];
        MemoryMarshal.Write(hash, unchecked(number * 0x9E3779B1L));
        return Digest.Create(default, DigestFunction.Sha256, hash, 140);
    }
}
