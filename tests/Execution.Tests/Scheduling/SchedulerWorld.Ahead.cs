using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;

namespace RemoteExec.Execution.Tests.Scheduling;

// What workers are told that they may be given next.
internal sealed partial class SchedulerWorld
{
    // Some are of an earlier version.
    private static uint MinorOf(Worker worker) => worker.Name[^1] % 3 == 0 ? WorkerProtocol.MinorWithUpcoming - 1 : WorkerProtocol.Minor;

    private void CheckUpcoming(SchedulerEffect.AnswerPoll answer)
    {
        if (answer.Upcoming.Count == 0)
            return;
        Assert.NotNull(answer.Lease);
        if (workers.Find(candidate => candidate.Poll == answer.Poll) is not { } worker)
            return; // it has gone meanwhile
        Assert.True(MinorOf(worker) >= WorkerProtocol.MinorWithUpcoming, $"{worker.SlotId} is of an earlier version");
        Assert.False(IsKeptOut(worker), $"{worker.Name} gets nothing, and is told what it gets");
        Assert.True(answer.Upcoming.Count <= workers.Concat(vanished).Count(other => other.Id == worker.Id), $"{worker.Id} is told more than it has slots");
        foreach (int action in answer.Upcoming.Select(upcoming => Array.IndexOf(digests, upcoming.Digest)))
        {
            Assert.True(MayRun(worker, action), $"{worker.SlotId} does not offer what action {action} asks for");
            Assert.True(clients.Exists(client => client.Action == action && client.Admitted && !client.IsOver), $"nobody waits for action {action}");
        }
    }
}
