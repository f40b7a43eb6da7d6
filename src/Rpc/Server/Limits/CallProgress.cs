using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// Whether a call waits for its client, and what it has of the memory. A connection looks at its calls once a second: who has let one wait for too long is not waited for. One handler writes
/// into it; the connection's look may come from elsewhere.
/// </summary>
internal sealed class CallProgress(GuardedConnection connection, MemoryUse use)
{
    private long readingSince; // 0: does not wait
    private long writingSince;
    private long taken;

    /// <summary>The calls of the connection before and behind it; guarded by the connection's lock.</summary>
    public CallProgress? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public CallProgress? Next { get; set; }

    /// <summary>What reads the requests; set before the first wait.</summary>
    public MessageReader Requests { get; set; } = null!;

    /// <summary>Breaks the stream off; set before the first wait.</summary>
    public Action Break { get; set; } = null!;

    /// <summary>The call waits for bytes that its client owes it.</summary>
    public void BeginReading() => Volatile.Write(ref readingSince, connection.Now);

    /// <summary>The wait is over.</summary>
    public void EndReading() => Volatile.Write(ref readingSince, 0);

    /// <summary>The call waits for its client to take bytes.</summary>
    public void BeginWriting() => Volatile.Write(ref writingSince, connection.Now);

    /// <summary>The wait is over.</summary>
    public void EndWriting() => Volatile.Write(ref writingSince, 0);

    /// <summary>Takes memory until the call ends: so much in all, and at least what any call takes.</summary>
    /// <exception cref="MemoryShortException">There is none.</exception>
    public ValueTask ReserveAsync(long bytes, CancellationToken cancellationToken) =>
        MemoryBudget.CallBytes + bytes <= taken ? ValueTask.CompletedTask : TakeAsync(MemoryBudget.CallBytes + bytes, cancellationToken);

    /// <summary>Gives all memory back; the call has ended, and its answer is sent.</summary>
    public Task LeaveAsync()
    {
        connection.Give(taken, use);
        taken = 0;
        connection.Leave(this);
        return Task.CompletedTask;
    }

    private async ValueTask TakeAsync(long all, CancellationToken cancellationToken)
    {
        await connection.TakeAsync(all - taken, use, cancellationToken);
        taken = all;
    }

    /// <summary>
    /// Ends the call, and is true, if its client has let it wait for bytes since before <paramref name="owed"/>, or for room since before <paramref name="tolerated"/>; if memory is scarce, the
    /// client is to come again.
    /// </summary>
    public bool Check(long owed, long tolerated, bool isScarce)
    {
        bool owes = Volatile.Read(ref readingSince) is not 0 and var reading && reading < owed;
        bool stays = Volatile.Read(ref writingSince) is not 0 and var writing && writing < tolerated;
        if (owes)
            Requests.GiveUp(isScarce);
        if (stays)
            Break();
        return owes || stays;
    }
}
