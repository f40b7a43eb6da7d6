using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// Decides which action runs where and when: a pure state machine. It has no clock, no lock and does no I/O; the same events at the same
/// times give the same effects. <see cref="ActionQueue"/> is its shell. What happens to operations, to executions and to slots has a file each.
/// </summary>
/// <remarks>
/// What holds after each event: an operation that is not done is being prepared or waits for exactly one execution; an execution is in its queue, leased to one slot (to two
/// while it is hedged), being recorded, or rests after a failed attempt until a set time; of the executions of one digest that may be merged, at most one is not being recorded.
/// What has to be found again after a restart is told as <see cref="Facts"/>: nobody may hear of an event's effects before they are kept.
/// </remarks>
internal sealed partial class Scheduler
{
    private readonly ExecutionOptions options;
    private readonly string epoch;
    private readonly bool journals;
    private readonly RetryPolicy retryPolicy;
    private readonly FairTree tree;
    private readonly Matching matching;
    private readonly Locality locality = new();
    private readonly Placement placement;
    private readonly UsageModel usage = new();
    private readonly WishTable wishes = new();
    private readonly Agenda agenda = new();
    private readonly Dictionary<long, Execution> recording = []; // those whose results are being checked and stored
    private readonly ActionTable mergeable = new(); // the newest of each action
    private readonly List<Execution> toPlace = []; // queued by this event
    private readonly Queue<WorkerNode> toServe = new(); // those that could do more than before this event
    private List<SchedulerEffect> effects = [];
    private DateTimeOffset now;
    private long lastExecution;
    private long lastLease;
    private bool draining;
    private bool stopped;

    /// <summary>An empty scheduler.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="epoch">Goes into lease ids, so that those of an earlier process are not taken for ours.</param>
    /// <param name="journals">Whether facts are told.</param>
    public Scheduler(ExecutionOptions options, string epoch, bool journals = false)
    {
        this.options = options;
        this.epoch = epoch;
        this.journals = journals;
        retryPolicy = new RetryPolicy(options.MaxAttempts, options.RetryDelay, options.LongestRetryDelay);
        tree = new FairTree(options.Fairness);
        matching = new Matching(options.Properties, tree);
        placement = new Placement(locality);
        announcements = new Announcements(locality);
        operations = new OperationTable(options.Retention, options.MaxRetainedOperations);
    }

    /// <summary>When the next <see cref="SchedulerEvent.TimePassed"/> is due; null if nothing waits for time.</summary>
    public DateTimeOffset? NextAlarm => agenda.Next;

    /// <summary>The number of executions that are not over.</summary>
    public int ExecutionsInFlight { get; private set; }

    /// <summary>True if nothing is under way that draining would wait for.</summary>
    public bool IsDrained => journals ? recording.Count == 0 && matching.Queues.All(queue => queue.Running == 0) : ExecutionsInFlight == 0;

    /// <summary>What was asked for under every name that can still be asked for.</summary>
    public IEnumerable<OperationRequest> Requests => operations.All.Select(operation => operation.Request);

    /// <summary>What was asked for under a name; null if nothing was, or it was long ago.</summary>
    public OperationRequest? Find(OperationName name) => operations.Find(name)?.Request;

    /// <summary>Takes one event. Time never runs backwards: an earlier <paramref name="time"/> than the last counts as the last.</summary>
    public IReadOnlyList<SchedulerEffect> Apply(SchedulerEvent change, DateTimeOffset time)
    {
        now = time > now ? time : now;
        effects = [];
        facts = [];
        switch (change)
        {
            case SchedulerEvent.OperationStarted started:
                Start(started);
                break;
            case SchedulerEvent.OperationPrepared prepared:
                Admit(prepared);
                break;
            case SchedulerEvent.OperationAnswered answered:
                Answer(answered);
                break;
            case SchedulerEvent.WaiterJoined joined:
                Join(joined.Name);
                break;
            case SchedulerEvent.WaiterLeft left:
                Leave(left.Name);
                break;
            case SchedulerEvent.OperationCancelled cancelled:
                Cancel(cancelled.Name);
                break;
            case SchedulerEvent.OperationDeleted deleted:
                Delete(deleted.Name);
                break;
            case SchedulerEvent.SlotPosted posted:
                TakePost(posted);
                break;
            case SchedulerEvent.PollBroken broken:
                BreakPoll(broken);
                break;
            case SchedulerEvent.ResultRecorded recorded:
                EndRecorded(recorded);
                break;
            case SchedulerEvent.ResultRefused refused:
                RetryRefused(refused);
                break;
            case SchedulerEvent.WorkersDrained drained:
                SetDrain(drained);
                break;
            case SchedulerEvent.BuildCancelled cancelled:
                cancelledBuilds.Set(cancelled.Invocation, now);
                break;
            case SchedulerEvent.DrainStarted:
                Drain();
                break;
            case SchedulerEvent.HandedOver:
                HandOver();
                break;
            case SchedulerEvent.Stopped:
                Stop();
                break;
        }

        return Finish();
    }

    // After the event: a post that comes late, but before its slot was given up, still counts.
    private IReadOnlyList<SchedulerEffect> Finish()
    {
        while (agenda.TakeDue(now) is { } subject)
            LookAt(subject);
        Dispatch();
        Announce();
        return effects;
    }

    private void LookAt(object subject)
    {
        switch (subject)
        {
            case Slot slot:
                LookAtSlot(slot);
                break;
            case WorkerGroup group:
                LookAtGroup(group);
                break;
            case PlatformQueue queue:
                LookAtQueue(queue);
                break;
            case Execution execution:
                LookAtExecution(execution);
                break;
            case Operation operation:
                LookAtOperation(operation);
                break;
            case OperationTable:
                LookAtOperations();
                break;
            case WorkerHealth health:
                LookAtHealth(health);
                break;
            case WorkerDrain drain:
                LookAtDrain(drain);
                break;
            case WorkerNode worker:
                LookAtListener(worker);
                break;
        }
    }

    // With a journal, what has not started yet is left for whoever takes it up.
    private void Drain()
    {
        draining = true;
        if (!journals)
            EndWaiting();
    }

    private void EndWaiting()
    {
        foreach (Operation operation in operations.Unfinished.ToArray())
        {
            if (operation.Execution is null)
                Complete(operation, shuttingDown);
        }

        foreach (Execution execution in AllExecutions().Where(execution => execution.Phase is ExecutionPhase.Queued or ExecutionPhase.Resting))
            End(execution, shuttingDown);
    }

    // In the order in which they were launched. They are found through who waits for them, which costs them no memory; it takes a while.
    private IReadOnlyList<Execution> AllExecutions() =>
        [.. operations.Unfinished.Select(operation => operation.Execution).OfType<Execution>().Distinct().OrderBy(execution => execution.Id)];

    private void Stop()
    {
        stopped = true;
        draining = true;
        EndWaiting();
        foreach (Execution execution in AllExecutions())
            End(execution, shuttingDown);
        ReleasePolls();
    }

    // Another scheduler goes on: nothing ends, nobody is told anything more.
    private void HandOver()
    {
        draining = true;
        stopped = true;
        ReleasePolls();
    }
}
