using RemoteExec.Protocol.Workers;

namespace RemoteExec.Worker.Services;

/// <summary>What is known of a running action, from who runs it to who posts it. Thread-safe.</summary>
internal sealed class LatestProgress
{
    private readonly Lock gate = new(); // guards the fields below
    private ActionProgress? latest;
    private TaskCompletionSource urgent = NewSignal();

    /// <summary>Takes what is known now.</summary>
    public void Set(ActionProgress progress)
    {
        lock (gate)
        {
            bool isUrgent = (progress.StdoutStream, progress.StderrStream) != (latest?.StdoutStream ?? "", latest?.StderrStream ?? "");
            latest = progress;
            if (isUrgent)
                urgent.TrySetResult();
        }
    }

    /// <summary>What is to be posted of it, and what ends when there is something that should be posted at once: where the output can be read.</summary>
    public (SynchronizeRequest.Types.Executing State, Task Urgent) Take(string leaseId)
    {
        lock (gate)
        {
            if (urgent.Task.IsCompleted)
                urgent = NewSignal();
            var state = new SynchronizeRequest.Types.Executing
            {
                LeaseId = leaseId,
                Metadata = latest?.Metadata,
                StdoutStreamName = latest?.StdoutStream ?? "",
                StderrStreamName = latest?.StderrStream ?? "",
            };
            return (state, urgent.Task);
        }
    }

    // Continuations run elsewhere: it is completed under the lock.
    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
