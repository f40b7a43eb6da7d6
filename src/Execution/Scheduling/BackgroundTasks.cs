using Microsoft.Extensions.Logging;

namespace RemoteExec.Execution.Scheduling;

/// <summary>Work that nobody awaits at once: disposing cancels what runs and waits for its end. Work that fails is a defect, and logged.</summary>
internal sealed class BackgroundTasks(ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource cancellation = new();
    private readonly Lock gate = new(); // guards the fields below
    private readonly HashSet<Task> running = [];
    private bool disposed;

    /// <summary>Starts something; not if this was disposed.</summary>
    public void Run(Func<CancellationToken, Task> work)
    {
        lock (gate)
        {
            if (disposed)
                return;
            Task task = Task.Run(() => work(cancellation.Token));
            running.Add(task);
            task.ContinueWith(Remove, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] last;
        lock (gate)
        {
            if (disposed)
                return;
            disposed = true;
            last = [.. running];
        }

        await cancellation.CancelAsync();
        await Task.WhenAll(last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.Dispose();
    }

    private void Remove(Task task)
    {
        if (task.Exception is { } exception)
            ExecutionLog.BackgroundFailed(logger, exception);
        lock (gate)
            running.Remove(task);
    }
}
