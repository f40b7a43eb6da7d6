using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox;

/// <summary>
/// Knows whose a process is when actions run as the worker's own user, where the user id does not tell. A process that left the session of its
/// action can be told from another action's only if that other one was not running yet when it started; if nothing tells, it ends with the
/// last action that might have started it.
/// </summary>
internal sealed class SharedUserActions
{
    private readonly SemaphoreSlim launching = new(1, 1); // held from the start of a process until it is known here
    private readonly Lock gate = new(); // guards running
    private readonly Dictionary<int, long> running = []; // main process → when it started
    private readonly int ownSession = Libc.GetSid(0);
    private readonly uint? ownUser = ProcessStatus.UserOf(Environment.ProcessId);

    private SharedUserActions()
    {
    }

    /// <summary>Children belong to the process as a whole, so there is one for all sandboxes.</summary>
    public static SharedUserActions Instance { get; } = new();

    /// <summary>Starts a main process; its end is to be told by <see cref="Remove"/>.</summary>
    public async Task<(int Error, int ProcessId, Task<ProcessEnd> Ended)> StartAsync(Func<Task<(int Error, int ProcessId, Task<ProcessEnd> Ended)>> start)
    {
        await launching.WaitAsync();
        try
        {
            (int error, int process, Task<ProcessEnd> ended) = await start();
            if (error == 0)
            {
                long started = ProcessStatus.Of(process)?.Started ?? 0;
                lock (gate)
                    running.Add(process, started);
            }

            return (error, process, ended);
        }
        finally
        {
            launching.Release();
        }
    }

    /// <summary>The action has ended, with all that it started.</summary>
    public void Remove(int process)
    {
        lock (gate)
            running.Remove(process);
    }

    /// <summary>What an action whose main process has ended left running, or may have.</summary>
    public async Task<IReadOnlyList<int>> FindSurvivorsAsync(int main)
    {
        await launching.WaitAsync();
        try
        {
            return [.. ChildProcesses.Instance.FindOthers().Where(child => ProcessStatus.Of(child) is { } status && IsSurvivor(status, main))];
        }
        finally
        {
            launching.Release();
        }
    }

    private bool IsSurvivor(ProcessStatus process, int main)
    {
        // Children that the worker's own code started, by Process.Start, share its session.
        if (process.Session == ownSession || ProcessStatus.UserOf(process.Id) != ownUser)
            return false;
        lock (gate)
        {
            return process.Session == main
                || (!running.ContainsKey(process.Session) && running.All(other => other.Key == main || other.Value > process.Started));
        }
    }
}
