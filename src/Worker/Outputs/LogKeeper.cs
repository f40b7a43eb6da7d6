namespace RemoteExec.Worker.Outputs;

/// <summary>Keeps the logs of a running action from filling the disk: looks at them a few times each second, and cuts off what is too much.</summary>
internal sealed class LogKeeper : IAsyncDisposable
{
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(200);
    private readonly IReadOnlyList<ActionLog> logs;
    private readonly PeriodicTimer timer;
    private readonly Task keeping;

    /// <summary>Begins to look after logs.</summary>
    public LogKeeper(IReadOnlyList<ActionLog> logs, TimeProvider time)
    {
        this.logs = logs;
        timer = new PeriodicTimer(interval, time);
        keeping = KeepAsync();
    }

    /// <summary>Ends it.</summary>
    /// <exception cref="IOException">A log could not be cut.</exception>
    public async ValueTask DisposeAsync()
    {
        timer.Dispose();
        await keeping;
    }

    private async Task KeepAsync()
    {
        while (await timer.WaitForNextTickAsync())
        {
            foreach (ActionLog log in logs)
                log.CutIfTooLong();
        }
    }
}
