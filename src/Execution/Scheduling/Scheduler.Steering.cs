namespace RemoteExec.Execution.Scheduling;

// Workers that get nothing for a while: because an operator says so, or because attempts fail on them. Builds that are not wanted any more.
internal sealed partial class Scheduler
{
    private const int MostNamesRemembered = 10_000;
    private const int MostDoublings = 10;
    private readonly Dictionary<string, WorkerDrain> drains = new(StringComparer.Ordinal);
    private static readonly TimeSpan cancelledBuildsKept = TimeSpan.FromHours(1); // some clients call all their builds the same
    private readonly RecentMap<string, DateTimeOffset> cancelledBuilds = new(MostNamesRemembered);
    private readonly RecentMap<string, WorkerHealth> healths = new(MostNamesRemembered);

    // Clients start anew what was cancelled.
    private bool IsOfCancelledBuild(Operation operation) =>
        cancelledBuilds.Count > 0 && cancelledBuilds.TryGet(OperationTable.InvocationOf(operation), out DateTimeOffset at) && now - at < cancelledBuildsKept;

    private void SetDrain(SchedulerEvent.WorkersDrained drained)
    {
        NoteDrain(drained.Name, !drained.Undo);
        if (drained.Undo)
        {
            drains.Remove(drained.Name);
        }
        else
        {
            var drain = new WorkerDrain(drained.Name, drained.Grace is { } grace ? now + grace : null);
            drains[drained.Name] = drain;
            if (drain.HandsBackAt is { } end)
                agenda.Add(end, drain);
        }

        foreach (WorkerNode worker in WorkersOf(drained.Name))
        {
            worker.IsDraining = IsKeptOut(worker.Name);
            Reconsider(worker);
        }
    }

    private bool IsKeptOut(string worker) => drains.Count > 0 && drains.Values.Any(drain => drain.Covers(worker));

    private void LookAtDrain(WorkerDrain drain)
    {
        if (!drains.TryGetValue(drain.Name, out WorkerDrain? current) || current != drain)
            return;
        foreach (WorkerNode worker in WorkersOf(drain.Name).ToArray())
        {
            foreach (Slot slot in worker.Slots.Where(slot => slot.Run is not null).ToArray())
            {
                HandBack(slot.Run!);
                AnswerPoll(slot);
            }
        }
    }

    private IEnumerable<WorkerNode> WorkersOf(string name) =>
        matching.Groups.SelectMany(group => group.Workers.Values).Where(worker => WorkerDrain.IsMeant(name, worker.Name));

    // After what it may be given has changed.
    private void Reconsider(WorkerNode worker)
    {
        if (worker.IsUsable)
        {
            Offer(worker);
            return;
        }

        Withhold(worker);
        if (worker.ReservedFor is not { } execution)
            return;
        worker.ReservedFor = null;
        execution.ReservedOn = null;
        execution.Queue!.Reserving = null;
        toPlace.Add(execution);
    }

    private bool IsInQuarantine(string worker) => healths.TryGet(worker, out WorkerHealth? health) && health.QuarantinedUntil > now;

    private void CountSuccess(string worker)
    {
        if (healths.TryGet(worker, out WorkerHealth? health) && health.QuarantinedUntil is null)
            healths.Remove(worker);
    }

    // Several failures in a row, for whatever reason a worker may fail at, and others in its place do better than it.
    private void CountFailure(string worker)
    {
        if (!healths.TryGet(worker, out WorkerHealth? health))
            healths.Set(worker, health = new WorkerHealth(worker));
        health.Failures++;
        if (health.Failures < options.QuarantineAfter || health.QuarantinedUntil is not null || !CanBeSpared(worker))
            return;
        TimeSpan time = options.QuarantineTime * Math.Pow(2, Math.Min(health.Quarantines, MostDoublings));
        time = time < options.LongestQuarantine ? time : options.LongestQuarantine;
        effects.Add(new SchedulerEffect.WorkerQuarantined(worker, health.Failures, time));
        health.Quarantines++;
        health.Failures = options.QuarantineAfter - 1; // the next failure after it is enough
        health.QuarantinedUntil = now + time;
        agenda.Add(now + time, health);
        SetQuarantine(worker, true);
    }

    // A fault that all workers have is not theirs: at most half of those that offer the same are kept out.
    private bool CanBeSpared(string name)
    {
        foreach (WorkerGroup group in matching.Groups)
        {
            int meant = group.Workers.Values.Count(worker => worker.Name == name || worker.IsQuarantined);
            if (group.Workers.Values.Any(worker => worker.Name == name) && 2 * meant > group.Workers.Count)
                return false;
        }

        return true;
    }

    private void LookAtHealth(WorkerHealth health)
    {
        if (!(health.QuarantinedUntil <= now))
            return;
        health.QuarantinedUntil = null;
        SetQuarantine(health.Name, false);
    }

    private void SetQuarantine(string name, bool value)
    {
        foreach (WorkerNode worker in WorkersOf(name))
        {
            worker.IsQuarantined = value;
            Reconsider(worker);
        }
    }
}
