namespace RemoteExec.Worker.Sandbox.Launcher;

/// <summary>Launchers by what is in the root of their actions. Those of the kinds that were used last are kept for later actions. May be called concurrently.</summary>
/// <param name="start">Starts a launcher of a kind, and sets it up.</param>
internal sealed class LauncherPools(Func<LauncherKind, Task<LauncherProcess>> start) : IAsyncDisposable
{
    private const int MostKinds = 16;
    private readonly Lock gate = new(); // guards what follows
    private readonly LinkedList<(LauncherKind Kind, LauncherPool Pool)> byUse = []; // few, so they are searched; the one that was used last first

    /// <summary>The launchers of a kind. Of the kind that was not used for longest those that are idle may be ended.</summary>
    public async ValueTask<LauncherPool> GetAsync(LauncherKind kind)
    {
        LauncherPool? outdated = null;
        LauncherPool pool;
        lock (gate)
        {
            LinkedListNode<(LauncherKind Kind, LauncherPool Pool)>? node = byUse.First;
            while (node is not null && node.Value.Kind != kind)
                node = node.Next;
            if (node is not null)
                byUse.Remove(node);
            else
                node = new((kind, new LauncherPool(() => start(kind))));
            byUse.AddFirst(node);
            pool = node.Value.Pool;
            if (byUse.Count > MostKinds)
            {
                outdated = byUse.Last!.Value.Pool;
                byUse.RemoveLast();
            }
        }

        if (outdated is not null)
            await outdated.DisposeAsync();
        return pool;
    }

    /// <summary>Ends those that are idle; the others are ended when they are given back.</summary>
    public async ValueTask DisposeAsync()
    {
        LauncherPool[] pools;
        lock (gate)
        {
            pools = [.. byUse.Select(entry => entry.Pool)];
            byUse.Clear();
        }

        foreach (LauncherPool pool in pools)
            await pool.DisposeAsync();
    }
}
