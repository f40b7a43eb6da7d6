using RemoteExec.Protocol.Workers;

namespace RemoteExec.Execution.Scheduling;

// What happens to slots: the workers' side.
internal sealed partial class Scheduler
{
    private readonly Dictionary<string, Slot> slots = new(StringComparer.Ordinal);

    private void TakePost(SchedulerEvent.SlotPosted posted)
    {
        if (stopped)
        {
            effects.Add(new SchedulerEffect.AnswerPoll(posted.Poll, null));
            return;
        }

        SynchronizeRequest post = posted.Post;
        Slot slot = Meet(post);
        AnswerPoll(slot); // an older post that is still held
        slot.Poll = posted.Poll;
        slot.Expires = now + options.LeaseDuration;
        switch (post.StateCase)
        {
            case SynchronizeRequest.StateOneofCase.Idle:
                Hold(slot, posted: null);
                break;
            case SynchronizeRequest.StateOneofCase.Executing:
                Renew(slot, post.Executing);
                break;
            case SynchronizeRequest.StateOneofCase.Completed:
                if (IsLeasedTo(slot, post.Completed.LeaseId, out Execution? execution))
                    TakeResult(execution, post.Completed.Response, post.Completed.Retryable);
                if (post.Completed.Leaving)
                    Forget(slot, handBack: true);
                else
                    AnswerCompleted(slot);
                break;
            default:
                Forget(slot, handBack: true);
                break;
        }
    }

    private bool IsLeasedTo(Slot slot, string leaseId, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Execution? execution)
    {
        execution = slot.Execution;
        return execution?.Lease?.Id == leaseId;
    }

    // The worker waits to hear that its result has arrived; if something waits for the slot, it hears of that at once.
    private void AnswerCompleted(Slot slot)
    {
        if (slot.Execution is null)
        {
            MarkIdle(slot);
            Dispatch();
        }

        AnswerPoll(slot);
    }

    private void Renew(Slot slot, SynchronizeRequest.Types.Executing state)
    {
        if (!IsLeasedTo(slot, state.LeaseId, out Execution? execution))
        {
            // It runs what it should not: it was given up, or this process is a new one. It gets nothing else before it says that it has stopped.
            AnswerPoll(slot, lease: null);
            return;
        }

        if (state.Metadata is { } metadata)
        {
            metadata.Worker = slot.WorkerName;
            WithQueueTime(metadata, execution);
            if (!metadata.Equals(execution.Progress))
            {
                execution.Progress = metadata;
                PublishAll(execution);
            }
        }

        Hold(slot, state.LeaseId);
    }

    private void Hold(Slot slot, string? posted)
    {
        if (slot.Execution?.Lease?.Id != posted)
        {
            AnswerPoll(slot); // the answer with this lease was lost: give it again
            return;
        }

        slot.PollEnds = now + options.PollInterval;
        PlanLook(slot, slot.PollEnds);
        if (slot.Execution is null)
            MarkIdle(slot);
    }

    private Slot Meet(SynchronizeRequest post)
    {
        if (slots.TryGetValue(post.SlotId, out Slot? known))
        {
            // A slot has one worker and one platform all its life; when these change it is another one.
            if (known.WorkerName == post.WorkerName && Equals(known.Platform, post.Platform))
                return known;
            Forget(known, handBack: false);
        }

        WorkerGroup group = matching.GroupOf(PlatformKey.Of(post.Platform));
        var slot = new Slot(post.SlotId, post.WorkerName, post.Platform, group);
        slots.Add(slot.Id, slot);
        bool isFirst = !group.IsConnected;
        if (group.Enter(slot.WorkerName))
            effects.Add(new SchedulerEffect.WorkerJoined(slot.WorkerName, group.Platform));
        if (isFirst)
            WatchServiceBy(group);
        PlanLook(slot, now + options.LeaseDuration);
        return slot;
    }

    private void Forget(Slot slot, bool handBack)
    {
        slots.Remove(slot.Id);
        AnswerPoll(slot, lease: null);
        UnmarkIdle(slot);
        if (slot.Group.Leave(slot.WorkerName, now))
            effects.Add(new SchedulerEffect.WorkerLeft(slot.WorkerName, IsLost: !handBack));
        if (!slot.Group.IsConnected)
        {
            agenda.Add(now + options.NoWorkerTimeout, slot.Group);
            WatchServiceBy(slot.Group);
        }

        if (slot.Execution is { } execution)
        {
            if (handBack)
                HandBack(execution);
            else
                LoseLease(execution);
        }
    }

    private void WatchServiceBy(WorkerGroup group)
    {
        foreach (PlatformQueue queue in matching.Queues)
        {
            if (queue.Groups.Contains(group))
                WatchService(queue);
        }
    }

    private void BreakPoll(SchedulerEvent.PollBroken broken)
    {
        if (!slots.TryGetValue(broken.SlotId, out Slot? slot) || slot.Poll != broken.Poll)
            return;
        slot.Poll = null;
        UnmarkIdle(slot);
        DateTimeOffset end = now + options.ReconnectTime;
        if (end < slot.Expires)
        {
            slot.Expires = end;
            PlanLook(slot, end);
        }
    }

    private void LookAtSlot(Slot slot)
    {
        if (slot.NextAlarm <= now)
            slot.NextAlarm = null;
        if (!slots.TryGetValue(slot.Id, out Slot? current) || current != slot)
            return;
        if (slot.Expires <= now)
        {
            Forget(slot, handBack: false);
            return;
        }

        if (slot.Poll is not null && slot.PollEnds <= now)
            AnswerPoll(slot);
        PlanLook(slot, slot.Poll is not null && slot.PollEnds < slot.Expires ? slot.PollEnds : slot.Expires);
    }

    private void LookAtGroup(WorkerGroup group)
    {
        if (!group.IsConnected && group.LeftAt + options.NoWorkerTimeout <= now)
            matching.Remove(group);
    }

    // One reminder a slot is enough as long as it comes early enough.
    private void PlanLook(Slot slot, DateTimeOffset at)
    {
        if (slot.NextAlarm <= at)
            return;
        slot.NextAlarm = at;
        agenda.Add(at, slot);
    }

    private void MarkIdle(Slot slot) => slot.IdleNode ??= slot.Group.Idle.AddLast(slot);

    private void UnmarkIdle(Slot slot)
    {
        if (slot.IdleNode is { } node)
            slot.Group.Idle.Remove(node);
        slot.IdleNode = null;
    }

    // Tells the slot what it should be doing, if a post of it is held.
    private void AnswerPoll(Slot slot) => AnswerPoll(slot, slot.Execution?.Lease);

    private void AnswerPoll(Slot slot, Lease? lease)
    {
        UnmarkIdle(slot);
        if (slot.Poll is { } poll)
            effects.Add(new SchedulerEffect.AnswerPoll(poll, lease));
        slot.Poll = null;
    }

    private void ReleasePolls()
    {
        foreach (Slot slot in slots.Values)
            AnswerPoll(slot);
    }
}
