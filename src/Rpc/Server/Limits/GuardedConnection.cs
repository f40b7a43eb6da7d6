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

    private const int FewBytes = 1024 * 1024; // beyond which blocks are small
    private const int EverydayBytes = 5 * FewBytes / 2; // of a call with a message of a MiB
    private const int ManyStalled = 16;
    private const int LeastTransfer = 32 * 1024; // a second, while others want the memory
    private static readonly TimeSpan impatient = TimeSpan.FromSeconds(5); // where others want the memory
    private static readonly TimeSpan hurried = TimeSpan.FromSeconds(2); // and it holds more than they do

    private readonly ConnectionContext connection;
    private readonly ConnectionGate gate;
    private readonly AddressUse address;
    private readonly Lock callsGate = new(); // guards the list of calls
    private CallProgress? first;
    private long held;
    private long granted; // of these, what calls were given when they asked
    private long asked; // what calls wait for
    private long pausedAt;
    private long leaving;
    private long silentSince; // it holds what nobody works on, and that only it can take; of the heartbeat alone
    private int transfers;
    private long moved;
    private long movedBefore; // all these of the heartbeat alone
    private long slowSince;
    private double resetsLeft;
    private long resetsCounted;

    public GuardedConnection(ConnectionContext connection, ConnectionGate gate, AddressUse address)
    {
        this.connection = connection;
        this.gate = gate;
        this.address = address;
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
        long earliest = Before(gate.Limits.StallTime), tolerated = Math.Max(earliest, Before(Tolerance));
        long owed = Volatile.Read(ref pausedAt) < tolerated ? tolerated : earliest; // it can't be blamed for what was not taken from it
        List<CallProgress>? all = null;
        lock (callsGate)
        {
            for (CallProgress? call = first; call is not null; call = call.Next)
                (all ??= []).Add(call);
        }

        bool isScarce = tolerated > earliest;
        int stalled = all?.Count(call => call.Check(owed, tolerated, isScarce)) ?? 0;
        if (stalled >= ManyStalled && gate.Memory.IsShort)
            Close("it lets many calls wait while memory is short");
        if (all is not null || Held <= HarmlessBytes)
            silentSince = 0;
        else if (silentSince == 0)
            silentSince = Now;
        else if (silentSince < earliest)
            Close("it does not take the answers to its calls");
        CheckTransfers();
    }

    /// <summary>Takes memory for a request that is no call; until <see cref="EndTransfer"/>.</summary>
    /// <exception cref="MemoryShortException">There is none.</exception>
    public async ValueTask BeginTransferAsync(long bytes, MemoryUse use, CancellationToken cancellationToken)
    {
        await TakeAsync(bytes, use, cancellationToken);
        Interlocked.Increment(ref transfers);
    }

    /// <summary>Gives back what <see cref="BeginTransferAsync"/> took.</summary>
    public void EndTransfer(long bytes, MemoryUse use)
    {
        Interlocked.Decrement(ref transfers);
        Give(bytes, use);
    }

    /// <summary>So many bytes have come, or gone.</summary>
    public void CountMoved(long bytes) => Interlocked.Add(ref moved, bytes);

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
        long wanted = Interlocked.Add(ref asked, bytes);
        try
        {
            await gate.Memory.TakeAsync(bytes, use, Claim(wanted), cancellationToken);
        }
        finally
        {
            Interlocked.Add(ref asked, -bytes);
        }

        Hold(bytes);
        Interlocked.Add(ref granted, bytes);
    }

    /// <inheritdoc cref="MemoryBudget.Give"/>
    public void Give(long bytes, MemoryUse use)
    {
        Hold(-bytes);
        Interlocked.Add(ref granted, -bytes);
        gate.Memory.Give(bytes, use);
    }

    /// <summary>Counts what the transport has rented, or given back.</summary>
    public void CountBlock(int bytes)
    {
        long now = Hold(bytes);
        if (bytes < 0)
        {
            gate.Memory.Uncount(-bytes);
            return;
        }

        gate.Memory.Count(bytes);
        bool isInTheWay = gate.Memory.IsNearlyExhausted && now > HarmlessBytes && (now > FairBytes || (gate.Memory.IsExhausted && now >= gate.AverageHeld));
        if (isInTheWay && Interlocked.CompareExchange(ref leaving, now, 0) == 0)
        {
            gate.Memory.ExpectBack(now);
            Close("memory is exhausted, and it holds more than others");
        }
    }

    /// <summary>Waits a while if memory is short and this connection holds much that it was not granted, and more than others: what it sends stays with it.</summary>
    public ValueTask PauseAsync() =>
        gate.Memory.IsShort && Held - (2 * Interlocked.Read(ref granted)) > HarmlessBytes && HoldsMoreThanOthers ? WaitForReliefAsync() : ValueTask.CompletedTask;

    /// <summary>The connection is closed.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref leaving, -1) is > 0 and var expected)
            gate.Memory.ExpectBack(-expected);
    }

    // A request over HTTP/1.1 has no stream of its own that could be looked at.
    private void CheckTransfers()
    {
        long now = Interlocked.Read(ref moved);
        bool isSlow = Volatile.Read(ref transfers) > 0 && now - movedBefore < LeastTransfer && gate.Memory.IsWanted && HoldsMoreThanOthers;
        movedBefore = now;
        if (!isSlow)
            slowSince = 0;
        else if (slowSince == 0)
            slowSince = Now;
        else if (slowSince < Before(hurried))
            Close("it moves hardly any bytes while others want the memory");
    }

    // Twice what others hold; and what a call of everyday size takes, where others hold next to nothing.
    private long FairBytes => Math.Max(2 * gate.AverageHeld, EverydayBytes);

    private MemoryClaim Claim(long wanted)
    {
        bool isGreedy = gate.HasSeveralAddresses && address.Held > gate.Memory.Bytes / 4;
        long all = Held + wanted;
        return new MemoryClaim(isGreedy, !isGreedy && all <= FairBytes, all);
    }

    private bool HoldsMoreThanOthers => Held >= gate.AverageHeld;

    // How long it may let a call wait for bytes, or for room: less while others want the memory that the call has.
    private TimeSpan Tolerance =>
        gate.Memory.IsWanted && HoldsMoreThanOthers ? hurried : gate.Memory.IsShort || gate.Memory.IsWanted ? impatient : gate.Limits.StallTime;

    private long Before(TimeSpan span) => Now - (long)(span.TotalSeconds * gate.Time.TimestampFrequency);

    private long Hold(long bytes)
    {
        address.Count(bytes);
        return Interlocked.Add(ref held, bytes);
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
