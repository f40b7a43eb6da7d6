using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using RemoteExec.Rpc.Server.Memory;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// Stands before all that connections bring: counts them, closes those that are too many, and knows of each that was let in what it holds. Those over UNIX sockets are of this machine and are
/// not counted. Thread-safe.
/// </summary>
/// <param name="limits">The bounds.</param>
/// <param name="memory">What the calls of all connections share.</param>
/// <param name="logger">For what an operator may want to know.</param>
/// <param name="time">The clock.</param>
public sealed class ConnectionGate(ConnectionLimits limits, MemoryBudget memory, ILogger logger, TimeProvider time)
{
    private readonly ConcurrentDictionary<IPAddress, int> byAddress = new();
    private int open;
    private long refused;
    private long closed;

    /// <summary>How many connections there are.</summary>
    public int Open => Volatile.Read(ref open);

    /// <summary>How many were one too many.</summary>
    public long Refused => Interlocked.Read(ref refused);

    /// <summary>How many were closed for what they did.</summary>
    public long Closed => Interlocked.Read(ref closed);

    /// <summary>The bounds.</summary>
    public ConnectionLimits Limits => limits;

    /// <summary>What the calls of all connections share.</summary>
    public MemoryBudget Memory => memory;

    internal TimeProvider Time => time;

    /// <summary>What a connection holds on average.</summary>
    internal long AverageHeld => memory.Used / Math.Max(1, Open);

    /// <summary>Guards a listener; to be said before TLS, so that handshakes are guarded as well.</summary>
    public void Guard(ListenOptions listen) => listen.Use(next => connection => ServeAsync(connection, next));

    /// <summary>Tells of it: <c>remoteexec.rpc.connections*</c>.</summary>
    public void Observe(Meter meter)
    {
        meter.CreateObservableUpDownCounter("remoteexec.rpc.connections", () => (long)Open, "{connection}", "Connections that are open.");
        meter.CreateObservableCounter("remoteexec.rpc.connections.refused", () => Refused, "{connection}", "Connections that were closed at once, as there were too many.");
        meter.CreateObservableCounter("remoteexec.rpc.connections.closed", () => Closed, "{connection}", "Connections that were closed for what they did.");
        memory.Observe(meter);
    }

    /// <summary>A connection is closed for what it did.</summary>
    internal void CountClosed(GuardedConnection connection, string peer, string reason)
    {
        Interlocked.Increment(ref closed);
        RpcLog.ConnectionClosed(logger, peer, connection.Held >> 10, reason);
    }

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress? address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is not null && !TryEnter(address))
        {
            Interlocked.Increment(ref refused);
            RpcLog.ConnectionRefused(logger, address, Open);
            connection.Abort(new ConnectionAbortedException("too many connections"));
            return;
        }

        var guarded = new GuardedConnection(connection, this);
        try
        {
            connection.Features.Set(guarded);
            if (connection.Features.Get<IMemoryPoolFeature>() is { MemoryPool: BlockPool blocks })
                connection.Features.Set<IMemoryPoolFeature>(new ConnectionPool(guarded, blocks));
            connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static state => ((GuardedConnection)state).CheckCalls(), guarded);
            connection.Transport = new PausingTransport(connection.Transport, guarded);
            await next(connection);
        }
        finally
        {
            guarded.End();
            if (address is not null)
                Leave(address);
        }
    }

    private bool TryEnter(IPAddress address)
    {
        int all = Interlocked.Increment(ref open), alike = byAddress.AddOrUpdate(address, 1, static (_, count) => count + 1);
        if (all <= limits.MaxConnections && alike <= limits.MaxPerAddress)
            return true;
        Leave(address);
        return false;
    }

    private void Leave(IPAddress address)
    {
        Interlocked.Decrement(ref open);
        while (byAddress.TryGetValue(address, out int count))
        {
            if (count > 1 ? byAddress.TryUpdate(address, count - 1, count) : byAddress.TryRemove(new(address, count)))
                return;
        }
    }
}
