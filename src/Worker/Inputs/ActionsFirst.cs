namespace RemoteExec.Worker.Inputs;

/// <summary>Lets what is fetched ahead wait as long as actions that have started fetch what they need now. Thread-safe.</summary>
internal sealed class ActionsFirst
{
    private readonly Lock gate = new(); // guards the fields below
    private int fetching;
    private TaskCompletionSource? free; // ends when no action fetches any more; null if none does

    /// <summary>An action begins to fetch; it has ended when the answer is disposed.</summary>
    public Fetch Begin()
    {
        lock (gate)
        {
            if (fetching++ == 0)
                free = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously); // it is completed under the lock
        }

        return new Fetch(this);
    }

    /// <summary>Waits until no action fetches.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (NextFree() is { } next)
            await next.WaitAsync(cancellationToken);
    }

    private Task? NextFree()
    {
        lock (gate)
            return free?.Task;
    }

    private void End()
    {
        lock (gate)
        {
            if (--fetching > 0)
                return;
            free!.SetResult();
            free = null;
        }
    }

    /// <summary>An action that fetches; to be disposed once.</summary>
    public readonly struct Fetch(ActionsFirst turns) : IDisposable
    {
        /// <summary>It has what it needs, or gives up.</summary>
        public void Dispose() => turns.End();
    }
}
