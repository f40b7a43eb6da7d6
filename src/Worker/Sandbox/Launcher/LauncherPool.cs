using System.Collections.Concurrent;

namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>Launchers that are ready, as many as have run actions at the same time. May be called concurrently.</summary>
/// <param name="start">Starts one more, and sets it up.</param>
internal sealed class LauncherPool(Func<Task<LauncherProcess>> start) : IAsyncDisposable
{
    private readonly ConcurrentBag<LauncherProcess> idle = [];
    private volatile bool isClosed;

    /// <summary>Takes one for an action; it is to be returned.</summary>
    /// <exception cref="IOException">There is none, and no further one can be started.</exception>
    public async ValueTask<LauncherProcess> TakeAsync() => idle.TryTake(out LauncherProcess? launcher) ? launcher : await start();

    /// <summary>Gives one back; one that is not ready any more is ended.</summary>
    public async ValueTask ReturnAsync(LauncherProcess launcher)
    {
        if (launcher.IsReady)
            idle.Add(launcher);
        else
            await launcher.DisposeAsync();
        if (isClosed)
            await EndIdleAsync();
    }

    /// <summary>Ends those that are idle; the others are ended when they are given back, or by whoever has them.</summary>
    public async ValueTask DisposeAsync()
    {
        isClosed = true;
        await EndIdleAsync();
    }

    private async Task EndIdleAsync()
    {
        while (idle.TryTake(out LauncherProcess? launcher))
            await launcher.DisposeAsync();
    }
}
