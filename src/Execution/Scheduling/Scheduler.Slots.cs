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
            effects.Add(new SchedulerEffect.AnswerPoll(posted.Poll, null, IsDraining: false));
            return;
        }

        SynchronizeRequest post = posted.Post;
        Slot slot = Meet(post);
        AnswerPoll(slot); // an older post that is still held
        slot.Poll = posted.Poll;
        slot.Expires = now + options.LeaseDuration;
        slot.Worker.LastSeen = now;
        switch (post.StateCase)
        {
            case SynchronizeRequest.StateOneofCase.Idle:
                Hold(slot, posted: null);
                break;
            case SynchronizeRequest.StateOneofCase.Executing:
                // What it should not run was given up, or is somebody else's: it gets nothing else before it says that it has stopped.
                if (TryRenew(slot, post.Executing))
                    Hold(slot, post.Executing.LeaseId);
                else
                    AnswerPoll(slot, lease: null);
                break;
            case SynchronizeRequest.StateOneofCase.Completed:
                TakeCompleted(slot, post.Completed);
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

    // The worker waits to hear that its result has arrived; if something waits for the slot, it hears of that at once.
    private void AnswerCompleted(Slot slot)
    {
        if (slot.Run is null)
        {
            MarkIdle(slot);
            Dispatch();
        }

        AnswerPoll(slot);
    }

    private void Hold(Slot slot, string? posted)
    {
        if (slot.Run?.Lease.Id != posted)
        {
            AnswerPoll(slot); // the answer with this lease was lost: give it again
            return;
        }

        slot.PollEnds = now + options.PollInterval;
        PlanLook(slot, slot.PollEnds);
        if (slot.Run is null)
            MarkIdle(slot);
        else
            listening.Add(slot);
    }

    private Slot Meet(SynchronizeRequest post)
    {
        if (slots.TryGetValue(post.SlotId, out Slot? known))
        {
            // A slot has one worker and one platform all its life; when these change it is another one.
            if (known.Worker.Name == post.WorkerName && known.Worker.Id == IdOf(post) && Equals(known.Platform, post.Platform))
                return known;
            Forget(known, handBack: false);
        }

        WorkerGroup group = matching.GroupOf(PlatformKey.Of(post.Platform));
        bool isFirst = !group.IsConnected;
        if (!group.Workers.TryGetValue(IdOf(post), out WorkerNode? worker))
        {
            worker = Welcome(post, group);
            group.Workers.Add(worker.Id, worker);
            SetAsideForAwaited(worker);
            effects.Add(new SchedulerEffect.WorkerJoined(worker.Name, group.Platform));
        }

        var slot = new Slot(post.SlotId, worker, post.Platform);
        slots.Add(slot.Id, slot);
        worker.Slots.Add(slot);
        if (isFirst)
            WatchServiceBy(group);
        PlanLook(slot, now + options.LeaseDuration);
        return slot;
    }

    // Workers that are too old to name their process are known by their name.
    private static string IdOf(SynchronizeRequest post) => post.WorkerId.Length > 0 ? post.WorkerId : post.WorkerName;

    private WorkerNode Welcome(SynchronizeRequest post, WorkerGroup group)
    {
        Resources? capacity = post is { WorkerId.Length: > 0, Resources: { CpuMillis: > 0, MemoryBytes: > 0 } told }
            ? new Resources(told.CpuMillis, told.MemoryBytes)
            : null;
        return new WorkerNode(IdOf(post), post.WorkerName, group, capacity, post.ProtocolMinor)
        {
            IsDraining = IsKeptOut(post.WorkerName),
            IsQuarantined = IsInQuarantine(post.WorkerName),
        };
    }

    private void Forget(Slot slot, bool handBack)
    {
        WorkerNode worker = slot.Worker;
        slots.Remove(slot.Id);
        AnswerPoll(slot, lease: null);
        UnmarkIdle(slot);
        worker.Slots.Remove(slot);
        if (!worker.IsConnected)
            Dismiss(worker, isLost: !handBack);
        if (slot.Run is not { } run)
            return;
        if (handBack)
            HandBack(run);
        else
            LoseLease(run);
    }

    private void Dismiss(WorkerNode worker, bool isLost)
    {
        WorkerGroup group = worker.Group;
        group.Workers.Remove(worker.Id);
        group.LeftAt = now;
        effects.Add(new SchedulerEffect.WorkerLeft(worker.Name, isLost));
        if (worker.ReservedFor is { } execution)
        {
            worker.ReservedFor = null;
            execution.ReservedOn = null;
            execution.Queue!.Reserving = null;
        }

        if (!group.IsConnected || group.Queues.Any(queue => queue.Asking > 0))
            agenda.Add(now + options.NoWorkerTimeout, group);
        if (!group.IsConnected)
            WatchServiceBy(group);
    }

    private void WatchServiceBy(WorkerGroup group)
    {
        foreach (PlatformQueue queue in group.Queues)
            WatchService(queue);
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
        foreach (PlatformQueue queue in group.Queues.ToArray())
            EndIfTooBig(queue);
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

    private void MarkIdle(Slot slot)
    {
        if (slot.IdleNode is not null)
            return;
        WorkerNode worker = slot.Worker;
        slot.IdleNode = worker.Idle.AddLast(slot);
        Offer(worker);
    }

    private void UnmarkIdle(Slot slot)
    {
        if (slot.IdleNode is not { } node)
            return;
        slot.IdleNode = null;
        slot.Worker.Idle.Remove(node);
        if (slot.Worker.Idle.Count == 0)
            Withhold(slot.Worker);
    }

    // It has an idle slot, and may use it.
    private void Offer(WorkerNode worker)
    {
        if (!worker.IsUsable || worker.Idle.Count == 0)
            return;
        worker.AvailableNode ??= worker.Group.Available.AddLast(worker);
        Serve(worker);
    }

    private static void Withhold(WorkerNode worker)
    {
        if (worker.AvailableNode is { } node)
            worker.Group.Available.Remove(node);
        worker.AvailableNode = null;
    }

    // Tells the slot what it should be doing, if a post of it is held.
    private void AnswerPoll(Slot slot) => AnswerPoll(slot, slot.Run?.Lease);

    private void AnswerPoll(Slot slot, Lease? lease)
    {
        UnmarkIdle(slot);
        if (slot.Poll is { } poll)
        {
            if (lease is not null)
                leasing.Add((effects.Count, slot.Worker));
            effects.Add(new SchedulerEffect.AnswerPoll(poll, lease, slot.Worker.IsDraining));
        }

        slot.Poll = null;
    }

    private void ReleasePolls()
    {
        foreach (Slot slot in slots.Values)
            AnswerPoll(slot);
    }
}
