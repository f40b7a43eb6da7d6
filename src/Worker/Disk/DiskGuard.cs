using RemoteExec.Native;

namespace RemoteExec.Worker.Disk;

/// <summary>
/// Keeps running actions from filling the disk: one that holds more than it may is stopped, and when the disk gets full, the one that holds most. One for all actions of a worker. May be called concurrently.
/// </summary>
/// <remarks>
/// Free space is looked at four times a second, which costs nothing. What an action holds takes a walk through its directories, so that is done only when space is short, or now and then for actions that run for
/// long. What an action has open without a name, or wrote to a cache that it shares, is not found by that: when next to nothing is left, actions are stopped whatever they are known to hold.
/// </remarks>
internal sealed class DiskGuard : IAsyncDisposable
{
    private const long WorthStopping = 16L * 1024 * 1024; // what holds less does not help
    private static readonly TimeSpan interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan pause = TimeSpan.FromSeconds(1); // after one was stopped: deleting what it held takes a moment
    private readonly Func<long?> free;
    private readonly long reserve;
    private readonly TimeProvider time;
    private readonly Lock gate = new(); // guards the fields below
    private readonly List<DiskWatch> watches = [];
    private readonly PeriodicTimer timer;
    private readonly Task looking;
    private long? stopped;

    /// <summary>Begins to look after a disk.</summary>
    /// <param name="free">Asks how many bytes it has left; null if that can't be told.</param>
    /// <param name="reserve">How many should be left: below, actions are stopped.</param>
    /// <param name="time">The clock.</param>
    public DiskGuard(Func<long?> free, long reserve, TimeProvider time)
    {
        this.free = free;
        this.reserve = reserve;
        this.time = time;
        timer = new PeriodicTimer(Timeout.InfiniteTimeSpan, time);
        looking = LookAsync();
    }

    /// <summary>Looks after the disk of a worker.</summary>
    public static DiskGuard For(WorkerOptions options, ScratchDirectory scratch, TimeProvider time)
    {
        const long Usual = 1L << 30;
        const int Share = 20;
        var disk = new DriveInfo(scratch.Location);
        return new DiskGuard(() => FreeOn(disk), options.MinFreeDiskBytes ?? Math.Min(Usual, disk.TotalSize / Share), time);
    }

    /// <summary>Looks after an action until the answer is disposed.</summary>
    /// <param name="directory">The action's directory.</param>
    /// <param name="isLayered">True if the input root there is the lower layer of an overlay, which is not the action's doing.</param>
    /// <param name="limit">What it may hold.</param>
    /// <param name="cancellationToken">Stops it for other reasons.</param>
    public DiskWatch Watch(ActionDirectory directory, bool isLayered, DiskLimit limit, CancellationToken cancellationToken) =>
        Watch(() => DiskUse.Of(directory.Location, isLayered ? Path.GetFileName(directory.Root) : null, directory.User?.Id), limit, cancellationToken);

    /// <summary>The same for what is measured by other means.</summary>
    internal DiskWatch Watch(Func<long> measure, DiskLimit limit, CancellationToken cancellationToken)
    {
        var watch = new DiskWatch(this, measure, limit, time, cancellationToken);
        lock (gate)
        {
            watches.Add(watch);
            if (watches.Count == 1)
                timer.Period = interval;
        }

        return watch;
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        timer.Dispose();
        await looking;
    }

    /// <summary>Looks once, and stops what has to be.</summary>
    internal void Look()
    {
        DiskWatch[] running;
        lock (gate)
            running = [.. watches.Where(watch => !watch.IsStopped)];
        long? left = free();
        bool isShort = left < reserve;
        foreach (DiskWatch watch in running)
            watch.Measure(isNeeded: isShort);
        if (!isShort || (stopped is { } last && time.GetElapsedTime(last) < pause))
            return;
        if (running.Where(watch => !watch.IsStopped).MaxBy(watch => watch.Bytes) is not { } greatest || (greatest.Bytes < WorthStopping && left >= reserve / 2))
            return;
        greatest.Stop(
            isDiskShort: true,
            $"the worker's disk has {left} bytes left, less than the {reserve} that are kept free (worker.minFreeDisk); of the actions that run, this one held most, {greatest.Bytes} bytes, and was stopped");
        stopped = time.GetTimestamp();
    }

    internal void Remove(DiskWatch watch)
    {
        lock (gate)
        {
            if (watches.Remove(watch) && watches.Count == 0)
                timer.Period = Timeout.InfiniteTimeSpan;
        }
    }

    private static long? FreeOn(DriveInfo disk)
    {
        try
        {
            return disk.AvailableFreeSpace;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private async Task LookAsync()
    {
        while (await timer.WaitForNextTickAsync())
            Look();
    }
}
