using RemoteExec.Native;
using RemoteExec.Worker.Sandbox;

namespace RemoteExec.Worker.Disk;

/// <summary>What is known of the disk that one running action takes. For one run.</summary>
internal sealed class DiskWatch : IDisposable
{
    private const int Killed = 128 + Libc.SIGKILL;
    private const int LeastRest = 20; // times what measuring takes
    private static readonly TimeSpan rest = TimeSpan.FromSeconds(5);
    private readonly DiskGuard guard;
    private readonly Func<long> measure;
    private readonly DiskLimit limit;
    private readonly TimeProvider time;
    private readonly CancellationToken cancellation;
    private readonly CancellationTokenSource stop;
    private readonly Lock gate = new(); // guards what follows, and the use of the source
    private readonly long begin;
    private bool hasEnded;
    private long measured;
    private TimeSpan due = rest, dueInNeed = TimeSpan.Zero;
    private string? why;
    private bool isShort;
    private Task stopping = Task.CompletedTask;

    internal DiskWatch(DiskGuard guard, Func<long> measure, DiskLimit limit, TimeProvider time, CancellationToken cancellationToken)
    {
        cancellation = cancellationToken;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        this.guard = guard;
        this.measure = measure;
        this.limit = limit;
        this.time = time;
        begin = measured = time.GetTimestamp();
    }

    /// <summary>True if it is stopped already.</summary>
    public bool IsStopped => why is not null;

    /// <summary>What it held when it was measured last.</summary>
    public long Bytes { get; private set; }

    /// <summary>Runs a command, and stops it if it has to be.</summary>
    /// <returns>What that answers; as after a kill, if it held more than it may.</returns>
    /// <exception cref="DiskShortException">It was stopped as the disk was getting full.</exception>
    public async Task<SandboxOutcome?> RunAsync(Func<CancellationToken, Task<SandboxOutcome?>> run)
    {
        try
        {
            return await run(stop.Token);
        }
        catch (OperationCanceledException) when (IsStopped && !cancellation.IsCancellationRequested)
        {
            return isShort
                ? throw new DiskShortException(why!)
                : new SandboxOutcome(Killed, TimedOut: false, time.GetElapsedTime(begin)) { Signal = Libc.SIGKILL, TooMuchDisk = why };
        }
        finally
        {
            End();
            await stopping;
        }
    }

    /// <summary>Ends the watch.</summary>
    public void Dispose()
    {
        End();
        stop.Dispose();
    }

    /// <summary>Measures what it holds, if that is needed or was not done for long, and stops it if that is too much.</summary>
    internal void Measure(bool isNeeded)
    {
        if (time.GetElapsedTime(measured) < (isNeeded ? dueInNeed : due))
            return;
        long before = time.GetTimestamp();
        Bytes = measure();
        measured = time.GetTimestamp();
        dueInNeed = time.GetElapsedTime(before, measured) * LeastRest;
        due = dueInNeed > rest ? dueInNeed : rest;
        if (Bytes > limit.Bytes)
            Stop(isDiskShort: false, $"the files of the action, temporary ones included, took {Bytes} bytes of the disk while it ran, more than the {limit.Bytes} that {limit.From} allows: it was stopped");
    }

    /// <summary>Stops the action.</summary>
    internal void Stop(bool isDiskShort, string reason)
    {
        lock (gate)
        {
            if (hasEnded || IsStopped)
                return;
            (why, isShort) = (reason, isDiskShort);
            stopping = stop.CancelAsync(); // those who hear of it have no say here
        }
    }

    private void End()
    {
        guard.Remove(this);
        lock (gate)
            hasEnded = true;
    }
}
