using Microsoft.Extensions.Logging;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Stands before a store that may be out of reach, a shard or a mirror's member, and keeps callers from waiting for it one by one: after a
/// <see cref="StoreUnavailableException"/> it counts as down, and calls fail at once; after 1 s, 2 s, … 30 s one call tries it, and a good one opens the gate. A call that takes
/// longer than the time limit is cancelled and counts as failed.
/// </summary>
/// <param name="name">The name of the node, in errors and in the log.</param>
/// <param name="timeout">How long a look-up, the opening of a reader or writer, and each piece read or written may take.</param>
/// <param name="logger">Told when the node goes and when it is back.</param>
/// <param name="time">The clock.</param>
/// <param name="onBack">Called when the node is back.</param>
internal sealed class NodeGate(string name, TimeSpan timeout, ILogger logger, TimeProvider time, Action? onBack = null)
{
    private static readonly TimeSpan firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan longestPause = TimeSpan.FromSeconds(30);
    private readonly Lock gate = new(); // guards everything below
    private bool isDown;
    private bool isTrying;
    private TimeSpan pause;
    private long nextTry;
    private DateTimeOffset since = time.GetUtcNow();
    private long? lastDown; // when it was last known to be out of reach

    /// <summary>The name of the node.</summary>
    public string Name => name;

    /// <summary>Whether the node is within reach, and since when.</summary>
    public NodeStatus Status
    {
        get
        {
            lock (gate)
                return new NodeStatus(name, !isDown, since);
        }
    }

    /// <summary>True if a call would fail at once.</summary>
    public bool IsClosed
    {
        get
        {
            lock (gate)
                return isDown && (isTrying || time.GetTimestamp() < nextTry);
        }
    }

    /// <summary>True if the node is not known to be back.</summary>
    public bool IsDown
    {
        get
        {
            lock (gate)
                return isDown;
        }
    }

    /// <summary>True if the node is out of reach, or was within a time that has passed: then what others wrote meanwhile is not there.</summary>
    public bool WasDownWithin(TimeSpan span)
    {
        lock (gate)
            return isDown || (lastDown is { } last && time.GetElapsedTime(last) < span);
    }

    /// <summary>Makes a call, within the time limit.</summary>
    /// <exception cref="StoreUnavailableException">The node is down, or went down at this.</exception>
    public ValueTask<T> RunAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken) =>
        RunAsync(Enter(), call, cancellationToken);

    /// <summary>Goes on with what was opened before, a reader or a writer, within the time limit: even while the gate is closed to others.</summary>
    /// <exception cref="StoreUnavailableException">The node failed, and counts as down.</exception>
    public ValueTask<T> GoOnAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken) =>
        RunAsync(isTrial: false, call, cancellationToken);

    private async ValueTask<T> RunAsync<T>(bool isTrial, Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        bool isSettled = false;
        using var limit = new CancellationTokenSource(timeout, time);
        await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), limit);
        try
        {
            T result = await call(limit.Token);
            isSettled = Succeed(isTrial);
            return result;
        }
        catch (StoreUnavailableException exception)
        {
            isSettled = Fail(isTrial, exception);
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var late = new StoreUnavailableException(name, new TimeoutException($"no answer within {timeout.TotalSeconds} s"));
            isSettled = Fail(isTrial, late);
            throw late;
        }
        catch (CasException)
        {
            isSettled = Succeed(isTrial); // it answered
            throw;
        }
        finally
        {
            if (isTrial && !isSettled)
                GiveBack();
        }
    }

    /// <summary>Lets a call through; true if it is the one that tries a node that was down.</summary>
    private bool Enter()
    {
        lock (gate)
        {
            if (!isDown)
                return false;
            if (isTrying || time.GetTimestamp() < nextTry)
                throw new StoreUnavailableException(name, new IOException("it is down, and is tried again before long"));
            return isTrying = true;
        }
    }

    private bool Succeed(bool isTrial)
    {
        if (!isTrial)
            return true;
        lock (gate)
        {
            isDown = isTrying = false;
            since = time.GetUtcNow();
            lastDown = time.GetTimestamp();
        }

        CasLog.NodeBack(logger, name);
        onBack?.Invoke();
        return true;
    }

    private bool Fail(bool isTrial, StoreUnavailableException exception)
    {
        lock (gate)
        {
            if (isDown && !isTrial)
                return true; // one of several that fail at once
            pause = isDown ? TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, longestPause.Ticks)) : firstPause;
            nextTry = time.GetTimestamp() + (long)(pause.TotalSeconds * time.TimestampFrequency);
            if (!isDown)
                since = time.GetUtcNow();
            isDown = true;
            isTrying = false;
        }

        if (!isTrial)
            CasLog.NodeDown(logger, name, exception.InnerException?.Message ?? exception.Message);
        return true;
    }

    /// <summary>The caller that tried has gone before it knew.</summary>
    private void GiveBack()
    {
        lock (gate)
            isTrying = false;
    }
}
