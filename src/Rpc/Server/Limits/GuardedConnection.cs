using Microsoft.AspNetCore.Connections;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// One connection: the calls it has under way, the memory it holds, and how often it has broken calls off. It is closed if it holds more than others when there is no more, or breaks off calls
/// for nothing else than to have made them. Thread-safe.
/// </summary>
internal sealed class GuardedConnection
{
    /// <summary>What a connection may hold however short memory is.</summary>
    public const int HarmlessBytes = 64 * 1024;

    private const int FewBytes = 1024 * 1024;
    private const int ManyStalled = 16;
    private static readonly TimeSpan impatient = TimeSpan.FromSeconds(5); // where others want the memory

    private readonly ConnectionContext connection;
    private readonly ConnectionGate gate;
    private readonly Lock callsGate = new(); // guards the list of calls
    private CallProgress? first;
    private long held;
    private long granted; // of these, what calls were given when they asked
    private long pausedAt;
    private long leaving;
    private long silentSince; // it holds what nobody works on, and that only it can take; of the heartbeat alone
    private double resetsLeft;
    private long resetsCounted;

    public GuardedConnection(ConnectionContext connection, ConnectionGate gate)
    {
        this.connection = connection;
        this.gate = gate;
        resetsLeft = gate.Limits.MaxResets;
        resetsCounted = gate.Time.GetTimestamp();
    }

    /// <summary>The bytes of the transport, and of its calls, that it holds.</summary>
    public long Held => Interlocked.Read(ref held);

    /// <summary>True if what is rented next had better be small: it holds a lot already, or memory is short.</summary>
    public bool NeedsSmallBlocks => Held > FewBytes || gate.Memory.IsShort;

    /// <summary>The time, never 0.</summary>
    public long Now => gate.Time.GetTimestamp() | 1;

    /// <summary>A call begins.</summary>
    public void Enter(CallProgress call)
    {
        lock (callsGate)
        {
            call.Next = first;
            if (first is not null)
                first.Previous = call;
            first = call;
        }

        CountBlock(MemoryBudget.StreamBytes);
    }

    /// <summary>A call has ended.</summary>
    public void Leave(CallProgress call)
    {
        lock (callsGate)
        {
            if (call.Previous is { } previous)
                previous.Next = call.Next;
            else if (ReferenceEquals(first, call))
                first = call.Next;
            if (call.Next is { } next)
                next.Previous = call.Previous;
            (call.Previous, call.Next) = (null, null);
        }

        CountBlock(-MemoryBudget.StreamBytes);
    }

    /// <summary>Looks at all calls; Kestrel has it called once a second.</summary>
    public void CheckCalls()
    {
        long earliest = Now - (long)(gate.Limits.StallTime.TotalSeconds * gate.Time.TimestampFrequency), tolerated = earliest;
        if (gate.Memory.IsShort && impatient < gate.Limits.StallTime)
            tolerated = Now - (long)(impatient.TotalSeconds * gate.Time.TimestampFrequency);
        long owed = Volatile.Read(ref pausedAt) < tolerated ? tolerated : earliest; // it can't be blamed for what was not taken from it
        List<CallProgress>? all = null;
        lock (callsGate)
        {
            for (CallProgress? call = first; call is not null; call = call.Next)
                (all ??= []).Add(call);
        }

        int stalled = all?.Count(call => call.Check(owed, tolerated)) ?? 0;
        if (stalled >= ManyStalled && gate.Memory.IsShort)
            Close("it lets many calls wait while memory is short");
        if (all is not null || Held <= HarmlessBytes)
            silentSince = 0;
        else if (silentSince == 0)
            silentSince = Now;
        else if (silentSince < earliest)
            Close("it does not take the answers to its calls");
    }

    /// <summary>The client has broken a call off.</summary>
    public void CountReset()
    {
        lock (callsGate)
        {
            long now = gate.Time.GetTimestamp();
            resetsLeft = Math.Min(gate.Limits.MaxResets, resetsLeft + (gate.Time.GetElapsedTime(resetsCounted, now).TotalSeconds * gate.Limits.ResetsPerSecond)) - 1;
            resetsCounted = now;
            if (resetsLeft >= 0)
                return;
        }

        Close("it breaks off call after call");
    }

    /// <inheritdoc cref="MemoryBudget.TakeAsync"/>
    public async ValueTask TakeAsync(long bytes, MemoryUse use, CancellationToken cancellationToken)
    {
        await gate.Memory.TakeAsync(bytes, use, cancellationToken);
        Interlocked.Add(ref held, bytes);
        Interlocked.Add(ref granted, bytes);
    }

    /// <inheritdoc cref="MemoryBudget.Give"/>
    public void Give(long bytes, MemoryUse use)
    {
        Interlocked.Add(ref held, -bytes);
        Interlocked.Add(ref granted, -bytes);
        gate.Memory.Give(bytes, use);
    }

    /// <summary>Counts what the transport has rented, or given back.</summary>
    public void CountBlock(int bytes)
    {
        long now = Interlocked.Add(ref held, bytes);
        if (bytes < 0)
        {
            gate.Memory.Uncount(-bytes);
            return;
        }

        gate.Memory.Count(bytes);
        if (now > HarmlessBytes && gate.Memory.IsExhausted && now >= gate.AverageHeld && Interlocked.CompareExchange(ref leaving, now, 0) == 0)
        {
            gate.Memory.ExpectBack(now);
            Close("memory is exhausted, and it holds more than others");
        }
    }

    /// <summary>Waits a while if memory is short and this connection holds much that it was not granted: what it sends stays with it.</summary>
    public ValueTask PauseAsync() =>
        gate.Memory.IsShort && Held - (2 * Interlocked.Read(ref granted)) > HarmlessBytes ? WaitForReliefAsync() : ValueTask.CompletedTask;

    /// <summary>The connection is closed.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref leaving, -1) is > 0 and var expected)
            gate.Memory.ExpectBack(-expected);
    }

    private async ValueTask WaitForReliefAsync()
    {
        Volatile.Write(ref pausedAt, long.MaxValue);
        await gate.Memory.WaitForReliefAsync(TimeSpan.FromSeconds(1));
        Volatile.Write(ref pausedAt, Now);
    }

    private void Close(string reason)
    {
        gate.CountClosed(this, connection.RemoteEndPoint?.ToString() ?? "unix", reason);
        connection.Abort(new ConnectionAbortedException(reason));
    }
}
