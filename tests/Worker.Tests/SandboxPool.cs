[assembly: AssemblyFixture(typeof(RemoteExec.Worker.Tests.SandboxPool))]

namespace RemoteExec.Worker.Tests;

/// <summary>
/// Sandboxes that tests use one after the other, as the actions of a worker do: to make one takes ten times as long as to run an action in it. At the end of all tests nothing may be left
/// of any.
/// </summary>
public sealed class SandboxPool : IAsyncDisposable
{
    private const int MostIdle = 8;
    private static readonly List<PooledSandbox> idle = []; // those that were used last at the end; tests run one at a time

    /// <summary>Takes one that was made for the same, or makes it.</summary>
    internal static async Task<PooledSandbox> TakeAsync(object key, Func<Task<PooledSandbox>> make)
    {
        int index = idle.FindLastIndex(sandbox => sandbox.Key.Equals(key));
        if (index < 0)
            return await make();
        PooledSandbox found = idle[index];
        idle.RemoveAt(index);
        return found;
    }

    /// <summary>Gives one back, of which nothing is used any more.</summary>
    internal static async ValueTask ReturnAsync(PooledSandbox sandbox)
    {
        sandbox.Clear();
        idle.Add(sandbox);
        if (idle.Count <= MostIdle)
            return;
        PooledSandbox oldest = idle[0];
        idle.RemoveAt(0);
        await oldest.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PooledSandbox sandbox in idle)
            await sandbox.DisposeAsync();
        idle.Clear();
    }
}
