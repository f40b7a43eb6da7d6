using RemoteExec.Worker.Outputs;

namespace RemoteExec.Worker.Services;

/// <summary>Standard output and error of one action, from before it starts: kept within bounds, and copied to whoever reads them live. To be disposed before their directory.</summary>
internal sealed class ActionLogs : IAsyncDisposable
{
    private readonly LogKeeper keeper;
    private readonly LiveLogs? live;
    private Task finishing = Task.CompletedTask;

    /// <summary>Begins to look after the logs in an action's directory.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="maxBytes">How much is kept of each.</param>
    /// <param name="follow">Makes what copies the two; null for nothing.</param>
    /// <param name="time">The clock.</param>
    public ActionLogs(ActionDirectory directory, int maxBytes, Func<ActionLog, ActionLog, LiveLogs>? follow, TimeProvider time)
    {
        Stdout = new ActionLog("stdout", directory.StdoutPath, maxBytes);
        Stderr = new ActionLog("stderr", directory.StderrPath, maxBytes);
        keeper = new LogKeeper([Stdout, Stderr], time);
        live = follow?.Invoke(Stdout, Stderr);
    }

    /// <summary>Standard output.</summary>
    public ActionLog Stdout { get; }

    /// <summary>Standard error.</summary>
    public ActionLog Stderr { get; }

    /// <summary>To be called when nothing is written any more. What readers have not got yet they get from now on, until this is disposed.</summary>
    /// <exception cref="IOException">The logs could not be kept within bounds.</exception>
    public async Task EndAsync()
    {
        await keeper.DisposeAsync();
        if (live is not null)
            finishing = live.FinishAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await keeper.DisposeAsync();
        await finishing;
        if (live is not null)
            await live.DisposeAsync();
    }
}
