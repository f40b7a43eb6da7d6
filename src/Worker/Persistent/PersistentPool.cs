namespace RemoteExec.Worker.Persistent;

/// <summary>Persistent processes that wait for their next action, and the bounds on how many there are. May be called concurrently.</summary>
internal sealed class PersistentPool : IAsyncDisposable
{
    private readonly PersistentOptions options;
    private readonly int most;
    private readonly TimeProvider time;
    private readonly ITimer timer;
    private readonly Lock gate = new(); // guards everything below
    private readonly List<PersistentProcess> idle = []; // the one that was used last at the end
    private readonly Dictionary<string, int> counts = []; // of all there are, by key
    private Task ending = Task.CompletedTask;
    private long started;
    private long ended;
    private bool isClosed;

    /// <summary>Makes an empty pool.</summary>
    /// <param name="options">The bounds.</param>
    /// <param name="most">How many there may be in all.</param>
    /// <param name="time">The clock.</param>
    public PersistentPool(PersistentOptions options, int most, TimeProvider time)
    {
        this.options = options;
        this.most = most;
        this.time = time;
        timer = time.CreateTimer(_ => EndIdle(), null, options.IdleTime / 2, options.IdleTime / 2);
    }

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (gate)
                return counts.Values.Sum();
        }
    }

    /// <summary>How many were started, and how many of them have ended.</summary>
    public (long Started, long Ended) Totals
    {
        get
        {
            lock (gate)
                return (started, ended);
        }
    }

    /// <summary>Takes a process for an action: one that waits, or a new one. Null if there are as many as there may be. To be returned.</summary>
    /// <param name="key">What it has to be for.</param>
    /// <param name="start">Starts one.</param>
    public async Task<PersistentProcess?> TakeAsync(string key, Func<Task<PersistentProcess>> start)
    {
        List<PersistentProcess> ended = [];
        PersistentProcess? found;
        bool hasRoom;
        lock (gate)
        {
            found = FindIdle(key, ended);
            hasRoom = found is null && MakeRoom(key, ended);
        }

        foreach (PersistentProcess process in ended)
            await process.DisposeAsync();
        if (found is not null || !hasRoom)
            return found;
        try
        {
            PersistentProcess process = await start();
            lock (gate)
                started++;
            return process;
        }
        catch
        {
            lock (gate)
                Release(key);
            throw;
        }
    }

    /// <summary>Gives a process back.</summary>
    /// <param name="process">The process.</param>
    /// <param name="isGood">False if it is not to be asked again.</param>
    public async ValueTask ReturnAsync(PersistentProcess process, bool isGood)
    {
        lock (gate)
        {
            if (isGood && process.IsAlive && process.Requests < options.MaxRequests && !isClosed)
            {
                process.LastUsed = time.GetTimestamp();
                idle.Add(process);
                return;
            }
        }

        Forget(process.Key);
        await process.DisposeAsync();
    }

    /// <summary>Ends those that wait; the others end when they are returned.</summary>
    public async ValueTask DisposeAsync()
    {
        await timer.DisposeAsync();
        Task all;
        lock (gate)
        {
            isClosed = true;
            all = End(idle.Count);
        }

        await all;
    }

    // One that has ended by itself is no use.
    private PersistentProcess? FindIdle(string key, List<PersistentProcess> ended)
    {
        for (int i = idle.Count - 1; i >= 0; i--)
        {
            PersistentProcess process = idle[i];
            if (process.Key != key)
                continue;
            idle.RemoveAt(i);
            if (process.IsAlive)
                return process;
            Forget(key);
            ended.Add(process);
        }

        return null;
    }

    private bool MakeRoom(string key, List<PersistentProcess> ended)
    {
        int ofKey = counts.GetValueOrDefault(key);
        if (ofKey >= options.MaxPerKey || isClosed)
            return false;
        if (counts.Values.Sum() >= most)
        {
            if (idle.Count == 0)
                return false;
            ended.Add(idle[0]);
            Forget(idle[0].Key);
            idle.RemoveAt(0);
        }

        counts[key] = counts.GetValueOrDefault(key) + 1;
        return true;
    }

    private void Forget(string key)
    {
        lock (gate)
        {
            ended++;
            Release(key);
        }
    }

    // The caller holds the gate.
    private void Release(string key)
    {
        if (--counts[key] == 0)
            counts.Remove(key);
    }

    private void EndIdle()
    {
        lock (gate)
        {
            int old = 0;
            while (old < idle.Count && time.GetElapsedTime(idle[old].LastUsed) >= options.IdleTime)
                old++;
            _ = End(old);
        }
    }

    // Whoever disposes the pool waits for it.
    private Task End(int count)
    {
        PersistentProcess[] doomed = [.. idle.Take(count)];
        idle.RemoveRange(0, count);
        foreach (PersistentProcess process in doomed)
            Forget(process.Key);
        ending = Task.WhenAll([ending, .. doomed.Select(process => process.DisposeAsync().AsTask())]);
        return ending;
    }
}
