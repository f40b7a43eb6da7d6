using System.Collections.Concurrent;
using RemoteExec.Native;

namespace RemoteExec.Worker.Sandbox.Bubblewrap;

/// <summary>
/// A thread from which processes are started that are to end with their parent: the kernel takes that to be the thread that started them, not the worker as a whole. So it lives until
/// this is disposed. May be called concurrently.
/// </summary>
internal sealed class SpawnThread : IDisposable
{
    private const uint UMask = 0x12; // 022
    private readonly BlockingCollection<Action> work = [];
    private readonly Thread thread;
    private readonly Task prepared;

    /// <summary>Starts the thread.</summary>
    /// <param name="user">
    /// Who it is to become, and with it what it starts; null for the worker's own user. What runs as that user must see no process but its own, or it could signal the worker by way of this thread.
    /// </param>
    public SpawnThread(uint? user)
    {
        thread = new Thread(Work) { IsBackground = true, Name = "spawn" };
        prepared = AddAsync(() => Prepare(user));
        thread.Start();
    }

    /// <summary>Runs something there.</summary>
    /// <exception cref="NativeException">The thread could not become who it should.</exception>
    public async Task<T> RunAsync<T>(Func<T> body)
    {
        await prepared;
        return await AddAsync(body);
    }

    /// <summary>Ends the thread, and with it what was started to end with its parent.</summary>
    public void Dispose()
    {
        work.CompleteAdding();
        thread.Join();
        work.Dispose();
    }

    private static bool Prepare(uint? user)
    {
        NativeException.ThrowIfNegative(Libc.Unshare(Libc.CLONE_FS), "unshare(CLONE_FS)");
        _ = Libc.UMask(UMask);
        if (user is { } id)
            ActionThread.BecomeUser(id);
        return true;
    }

    private Task<T> AddAsync<T>(Func<T> body)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                done.SetResult(body());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return done.Task;
    }

    private void Work()
    {
        foreach (Action body in work.GetConsumingEnumerable())
            body();
    }
}
