using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
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
    private readonly Lock addressGate = new(); // guards the one below, and what they count
    private readonly Dictionary<IPAddress, AddressUse> byAddress = [];
    private int addresses;
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

    /// <summary>Whether connections come from several addresses.</summary>
    internal bool HasSeveralAddresses => Volatile.Read(ref addresses) > 1;

    /// <summary>What a connection holds on average.</summary>
    internal long AverageHeld => memory.Used / Math.Max(1, Open);

    /// <summary>Guards a listener; to be said before TLS, so that handshakes are guarded as well.</summary>
    public void Guard(ListenOptions listen) => listen.Use(next => connection => ServeAsync(connection, next));

    /// <summary>
    /// Takes memory for a request that is no call, for its connection; until <see cref="EndTransfer"/>. While others want the memory the connection is to move bytes, or is closed.
    /// </summary>
    /// <exception cref="MemoryShortException">There is none.</exception>
    public ValueTask BeginTransferAsync(IFeatureCollection features, long bytes, MemoryUse use, CancellationToken cancellationToken) =>
        features.Get<GuardedConnection>() is { } connection ? connection.BeginTransferAsync(bytes, use, cancellationToken) : memory.TakeAsync(bytes, use, default, cancellationToken);

    /// <summary>Gives back what <see cref="BeginTransferAsync"/> took.</summary>
    public void EndTransfer(IFeatureCollection features, long bytes, MemoryUse use)
    {
        if (features.Get<GuardedConnection>() is { } connection)
            connection.EndTransfer(bytes, use);
        else
            memory.Give(bytes, use);
    }

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
        AddressUse? use = address is null ? new AddressUse() : TryEnter(AddressUse.Of(address));
        if (use is null)
        {
            Interlocked.Increment(ref refused);
            RpcLog.ConnectionRefused(logger, address!, Open);
            connection.Abort(new ConnectionAbortedException("too many connections"));
            return;
        }

        var guarded = new GuardedConnection(connection, this, use);
        try
        {
            connection.Features.Set(guarded);
            if (connection.Features.Get<IMemoryPoolFeature>() is { MemoryPool: BlockPool blocks })
                connection.Features.Set<IMemoryPoolFeature>(new ConnectionPool(guarded, blocks));
            connection.Features.Get<IConnectionHeartbeatFeature>()?.OnHeartbeat(static state => ((GuardedConnection)state).CheckCalls(), guarded);
            connection.Transport = new GuardedTransport(connection.Transport, guarded);
            await next(connection);
        }
        finally
        {
            guarded.End();
            if (address is not null)
                Leave(AddressUse.Of(address));
        }
    }

    private AddressUse? TryEnter(IPAddress address)
    {
        AddressUse? use;
        bool isTooMany;
        lock (addressGate)
        {
            if (!byAddress.TryGetValue(address, out use))
                byAddress[address] = use = new AddressUse();
            Volatile.Write(ref addresses, byAddress.Count);
            use.Connections++;
            isTooMany = Interlocked.Increment(ref open) > limits.MaxConnections || use.Connections > limits.MaxPerAddress;
        }

        if (!isTooMany)
            return use;
        Leave(address);
        return null;
    }

    private void Leave(IPAddress address)
    {
        lock (addressGate)
        {
            Interlocked.Decrement(ref open);
            if (--byAddress[address].Connections == 0)
                byAddress.Remove(address);
            Volatile.Write(ref addresses, byAddress.Count);
        }
    }
}
