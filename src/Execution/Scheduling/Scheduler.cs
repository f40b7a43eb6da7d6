using RemoteExec.Execution.Operations;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Scheduling;

/// <summary>
/// Decides which action runs where and when: a pure state machine. It has no clock, no lock and does no I/O; the same events at the same
/// times give the same effects. <see cref="ActionQueue"/> is its shell. What happens to operations, to executions and to slots has a file each.
/// </summary>
/// <remarks>
/// What holds after each event: an operation that is not done is being prepared or waits for exactly one execution; an execution is in its
/// queue, leased to one slot, being recorded, or rests after a failed attempt until a set time; of the executions of one digest that may be
/// merged, at most one is not being recorded; no idle slot may run anything that is queued.
/// </remarks>
/// <param name="options">The settings.</param>
/// <param name="epoch">Goes into lease ids, so that those of an earlier process are not taken for ours.</param>
internal sealed partial class Scheduler(ExecutionOptions options, string epoch)
{
    private readonly RetryPolicy retryPolicy = new(options.MaxAttempts, options.RetryDelay, options.LongestRetryDelay);
    private readonly Matching matching = new();
    private readonly Agenda agenda = new();
    private readonly Dictionary<long, Execution> executions = [];
    private readonly Dictionary<Digest, Execution> mergeable = []; // the newest of each digest
    private List<SchedulerEffect> effects = [];
    private DateTimeOffset now;
    private long lastExecution;
    private long lastLease;
    private bool draining;
    private bool stopped;

    /// <summary>When the next <see cref="SchedulerEvent.TimePassed"/> is due; null if nothing waits for time.</summary>
    public DateTimeOffset? NextAlarm => agenda.Next;

    /// <summary>The number of executions that are not over.</summary>
    public int ExecutionsInFlight => executions.Count;

    /// <summary>Takes one event. Time never runs backwards: an earlier <paramref name="time"/> than the last counts as the last.</summary>
    public IReadOnlyList<SchedulerEffect> Apply(SchedulerEvent change, DateTimeOffset time)
    {
        now = time > now ? time : now;
        effects = [];
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
            case SchedulerEvent.DrainStarted:
                Drain();
                break;
            case SchedulerEvent.Stopped:
                Stop();
                break;
        }

        // After the event: a post that comes late, but before its slot was given up, still counts.
        while (agenda.TakeDue(now) is { } subject)
            LookAt(subject);
        Dispatch();
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
        }
    }

    private void Drain()
    {
        draining = true;
        foreach (Operation operation in operations.Unfinished.ToArray())
        {
            if (operation.Execution is null)
                Complete(operation, shuttingDown);
        }

        foreach (Execution execution in executions.Values.Where(execution => execution.Phase is ExecutionPhase.Queued or ExecutionPhase.Resting).ToArray())
            End(execution, shuttingDown);
    }

    private void Stop()
    {
        stopped = true;
        Drain();
        foreach (Execution execution in executions.Values.ToArray())
            End(execution, shuttingDown);
        ReleasePolls();
    }
}
