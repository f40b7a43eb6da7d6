using RemoteExec.Protocol;

namespace RemoteExec.Cas.Services;

/// <summary>
/// Keeps uploads whose Write call ended before they did, so that their clients can ask how far they got and continue (BSW-13, BSW-17, Q-07): by
/// full resource name, for a bounded time and within bounded room, the oldest dropped first. Thread-safe.
/// </summary>
/// <remarks>
/// Two calls may write under one name at the same time. One that begins at the start is an upload of its own, which just can't be continued (BSW-12); one
/// that begins further on is the same client continuing what it believes broken, so it takes the session over from the call that still holds it.
/// </remarks>
public sealed class UploadSessions : IAsyncDisposable
{
    private const int SweepsPerTimeout = 4;
    private readonly UploadSessionsOptions options;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stopping = new();
    private readonly Task sweeping;
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<ResourceName, UploadSession> sessions = [];
    private readonly LinkedList<UploadSession> idle = []; // the oldest first
    private long idleBytes;

    /// <summary>Starts without any upload.</summary>
    public UploadSessions(UploadSessionsOptions options, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        sweeping = SweepAsync();
    }

    /// <summary>The clock.</summary>
    internal TimeProvider Time => time;

    /// <summary>Fires when the server ends: the only thing that interrupts a writer in the middle of its work.</summary>
    internal CancellationToken Stopping => stopping.Token;

    /// <summary>The committed size of an upload, which its client may count on from now; 0 if nothing is known of it (BSQ-02).</summary>
    internal long ReportCommittedSize(ResourceName name)
    {
        lock (gate)
        {
            if (!sessions.TryGetValue(name, out UploadSession? session) || HasExpired(session))
                return 0;
            return session.ReportedSize = session.CommittedSize;
        }
    }

    /// <summary>
    /// Gives a call the session to write to, beginning at <paramref name="offset"/>; null if the upload does not stand there (BSW-02). The caller
    /// gives it back with <see cref="LeaveAsync"/>.
    /// </summary>
    internal async ValueTask<UploadSession?> EnterAsync(ResourceName name, long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            await DropExpiredAsync();
            (CancellationTokenSource Source, Task Left) holder;
            lock (gate)
            {
                if (!sessions.TryGetValue(name, out UploadSession? session))
                {
                    if (offset != 0)
                        return null;
                    session = new UploadSession(name);
                    sessions.Add(name, session);
                    session.Hold(offset);
                    return session;
                }

                if (!session.IsHeld)
                {
                    if (!session.CanContinueAt(offset))
                        return null;
                    RemoveIdle(session);
                    session.Hold(offset);
                    return session;
                }

                if (offset == 0)
                    return new UploadSession(name);
                holder = session.TakeOver();
            }

            await holder.Source.CancelAsync();
            await holder.Left.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Ends a call's hold of a session. It is kept for a continuation if <paramref name="keep"/> says so and it holds anything.</summary>
    internal async ValueTask LeaveAsync(UploadSession session, bool keep)
    {
        List<UploadSession> dropped = [];
        lock (gate)
        {
            bool isKnown = sessions.TryGetValue(session.Name, out UploadSession? known) && ReferenceEquals(known, session);
            if (isKnown && keep && !session.IsBroken && session.CommittedSize > 0)
            {
                session.IdleSince = time.GetUtcNow();
                idle.AddLast(session);
                idleBytes += session.CommittedSize;
                while (idle.Count > options.MaxIdle || idleBytes > options.MaxIdleBytes)
                    dropped.Add(Forget(idle.First!.Value));
            }
            else
            {
                if (isKnown)
                    sessions.Remove(session.Name);
                dropped.Add(session);
            }

            session.Release();
        }

        await DisposeAllAsync(dropped);
    }

    /// <summary>Drops all uploads. The calls that hold some have to have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await sweeping;
        List<UploadSession> dropped;
        lock (gate)
        {
            dropped = [.. idle];
            dropped.ForEach(session => Forget(session));
        }

        await DisposeAllAsync(dropped);
        stopping.Dispose();
    }

    private static async ValueTask DisposeAllAsync(List<UploadSession> dropped)
    {
        foreach (UploadSession session in dropped)
            await session.DisposeAsync();
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(options.IdleTimeout / SweepsPerTimeout, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping.Token))
                await DropExpiredAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of the server is the end of the sweeping.
        }
    }

    private async ValueTask DropExpiredAsync()
    {
        List<UploadSession>? dropped = null;
        lock (gate)
        {
            while (idle.First is { } oldest && HasExpired(oldest.Value))
                (dropped ??= []).Add(Forget(oldest.Value));
        }

        if (dropped is not null)
            await DisposeAllAsync(dropped);
    }

    private bool HasExpired(UploadSession session) => !session.IsHeld && time.GetUtcNow() - session.IdleSince >= options.IdleTimeout;

    private UploadSession Forget(UploadSession session)
    {
        RemoveIdle(session);
        sessions.Remove(session.Name);
        return session;
    }

    private void RemoveIdle(UploadSession session)
    {
        idle.Remove(session);
        idleBytes -= session.CommittedSize;
    }
}
