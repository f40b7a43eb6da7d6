namespace RemoteExec.Execution.Scheduling;

// What workers are told of what comes next, so that they can fetch inputs meanwhile. Nothing else depends on it.
internal sealed partial class Scheduler
{
    // A post that is answered for this alone costs a call.
    private static readonly TimeSpan betweenAnnouncements = TimeSpan.FromSeconds(1);
    private readonly Announcements announcements;
    private readonly List<Execution> toAnnounce = []; // queued by this event, and not placed
    private readonly List<Slot> listening = []; // posted by this event that they run something
    private readonly List<(int Effect, WorkerNode Worker)> leasing = []; // answers of this event by which slots are to execute

    // Last of all, when it is known what has been given to whom.
    private void Announce()
    {
        if (!draining)
        {
            foreach (Execution execution in toAnnounce)
            {
                if (execution.Phase == ExecutionPhase.Queued && announcements.FindListener(execution) is { } worker)
                    TellSoon(worker);
            }

            foreach (Slot slot in listening)
            {
                if (slot is { Poll: not null, Run: not null } && announcements.Look(slot.Worker).News.Count > 0)
                    TellSoon(slot.Worker);
            }

            foreach ((int effect, WorkerNode worker) in leasing)
                effects[effect] = (SchedulerEffect.AnswerPoll)effects[effect] with { Upcoming = [.. announcements.Renew(worker).Select(execution => execution.Action)] };
        }

        toAnnounce.Clear();
        listening.Clear();
        leasing.Clear();
    }

    private void TellSoon(WorkerNode worker)
    {
        DateTimeOffset next = worker.AnnouncedAt + betweenAnnouncements;
        if (next <= now)
        {
            Tell(worker);
        }
        else if (!worker.IsToHear)
        {
            worker.IsToHear = true;
            agenda.Add(next, worker);
        }
    }

    private void LookAtListener(WorkerNode worker)
    {
        worker.IsToHear = false;
        if (!draining && announcements.Look(worker).News.Count > 0)
            Tell(worker);
    }

    // By the first slot that listens. If none does, one soon posts that it runs something.
    private void Tell(WorkerNode worker)
    {
        foreach (Slot slot in worker.Slots)
        {
            if (slot is not { Poll: not null, Run: not null })
                continue;
            worker.AnnouncedAt = now;
            AnswerPoll(slot);
            return;
        }
    }
}
