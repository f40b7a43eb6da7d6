using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using Stage = Build.Bazel.Remote.Execution.V2.ExecutionStage.Types.Value;

namespace RemoteExec.Execution.Tests.Scheduling;

// What must hold of all that the scheduler says, as far as it can be seen from outside.
internal sealed partial class SchedulerWorld
{
    private void See(OperationState state)
    {
        Client client = clients.Find(candidate => candidate.Name == state.Name)!;
        if (isRestoring && client.Last is { IsDone: true } done)
        {
            Assert.False(client.Deleted, "what was deleted stays so");
            Assert.Equal(done.Outcome!.GetType(), state.Outcome?.GetType());
            return;
        }

        Assert.False(client.IsOver, "a done or deleted operation never changes");
        Assert.Equal(state.Stage == Stage.Completed, state.IsDone);
        Assert.True(client.Last is null || state.Stage >= client.Last.Stage, $"a stage never goes back: {client.Last?.Stage} to {state.Stage}");
        client.Last = state;
        if (state.Stage == Stage.Queued)
            restsAtLeastUntil.Remove(client.Action); // this run is a new one
    }

    private void Answer(SchedulerEffect.AnswerPoll answer)
    {
        Assert.InRange(answer.Poll, 1, lastPoll);
        Assert.True(answered.Add(answer.Poll), "a post is answered once");
        Worker? worker = workers.Find(candidate => candidate.Poll == answer.Poll);
        if (worker is null)
        {
            // Its caller has gone, or left with this post: nobody hears it. A lease in it is lost until the slot posts again.
            if (answer.Lease is { } unheard)
                Lend(unheard, worker: null);
            return;
        }

        worker.Poll = null;
        if (answer.Lease is { } lease)
        {
            Lend(lease, worker);
        }
        else if (worker.Lease is { } stopped)
        {
            running.Remove(stopped);
            worker.Lease = null;
        }
    }

    private void Lend(Lease lease, Worker? worker)
    {
        int action = Array.IndexOf(digests, lease.Action.Digest);
        bool isNew = leases.TryAdd(lease.Id, action);
        if (worker is not null)
        {
            Assert.True(MayRun(worker, action), $"{worker.SlotId} does not offer what action {action} asks for");
            Assert.True(worker.Lease is null || worker.Lease == lease.Id, "a slot is not given an action while it has another");
            worker.Lease = lease.Id;
        }

        if (!isNew)
        {
            if (worker is not null)
                running[lease.Id] = (lease.Action.Digest, worker); // one that came back
            return;
        }

        if (worker is not null)
        {
            Assert.False(drained.Contains(worker.Name), $"{worker.Name} is drained, and given something new");
            CheckRoom(worker, lease);
        }

        if (!DoNotCache(action))
        {
            Assert.False(
                restsAtLeastUntil.Remove(action, out DateTimeOffset end) && end > now, $"action {action} failed just now, and is run again at once");
            int others = running.Count(run => run.Value.Digest == lease.Action.Digest && !IsOver(run.Key, run.Value.Worker));
            Assert.True(others <= (options.HedgeFactor is null ? 0 : 1), $"action {action} runs more often than it may: {lease.Id} and {others} more");
        }

        if (worker is not null)
            running[lease.Id] = (lease.Action.Digest, worker);
    }

    private void DropWhatNobodyWaitsFor()
    {
        foreach ((string lease, (Digest digest, Worker _)) in running)
        {
            if (!clients.Exists(client => client.WaitsForRun && digests[client.Action] == digest))
                running.Remove(lease);
        }
    }

    // Who waited for that run waits for its result now, and for no other run of the action that somebody else may ask for meanwhile.
    private void AwaitRecord(SchedulerEffect.Record record)
    {
        foreach (Client client in clients.Where(client => digests[client.Action] == record.ActionDigest && client.WaitsForRun && !DoNotCache(client.Action)))
        {
            if (isRestoring ? restoredRecords.Contains(client) : client.Last?.Stage == Stage.Executing)
                client.Recorded = record.ExecutionId;
        }
    }

    // A run is over for the scheduler when its slot was silent for too long, or was told to stop.
    private bool IsOver(string lease, Worker holder) => holder.Expires <= now || holder.Lease != lease;

    private void CheckNobodyIdlesBesideWork()
    {
        foreach (Worker worker in workers.Where(worker => worker is { Poll: not null, Lease: null } && !IsKeptOut(worker) && !IsNarrow(worker)))
        {
            Client? waiting = clients.Find(client => client.Last?.Stage == Stage.Queued && !client.IsOver && MayRun(worker, client.Action));
            Assert.True(waiting is null, $"{worker.SlotId} is idle while action {waiting?.Action} waits for it");
        }
    }

    private bool IsKeptOut(Worker worker) => drained.Contains(worker.Name) || (quarantined.TryGetValue(worker.Name, out DateTimeOffset end) && end > now);

    // It has less than everything, and something runs there or somebody big is waited with.
    private bool IsNarrow(Worker worker) => worker.Resources is not null
        && (workers.Exists(other => other.Name == worker.Name && other.Lease is not null)
            || clients.Exists(client => !client.IsOver && PlatformOf(client.Action) == big)
            || vanished.Exists(other => other.Name == worker.Name)
            || lastFailOver + options.ReconnectTime > now); // what ran there is still awaited

    private void CheckRoom(Worker worker, Lease lease)
    {
        if (worker.Resources is not { } all)
        {
            Assert.Null(lease.SetAside);
            return;
        }

        Assert.NotNull(lease.SetAside);
        setAside[lease.Id] = lease.SetAside.Value;
        // One that nobody waits for any more stops as soon as its slot hears of it.
        IEnumerable<string> held = workers.Where(other => other.Id == worker.Id && other.Lease is not null && other.Expires > now).Select(other => other.Lease!)
            .Where(id => id == lease.Id || running.ContainsKey(id));
        long cpu = held.Distinct().Sum(id => setAside.GetValueOrDefault(id).CpuMillis);
        long memory = held.Distinct().Sum(id => setAside.GetValueOrDefault(id).MemoryBytes);
        Assert.True(cpu <= all.CpuMillis && memory <= all.MemoryBytes, $"{worker.Id} has been given more than it has: {cpu} millis, {memory} bytes");
    }
}
