using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Availability;

/// <summary>The way to a scheduler at another server. It connects when it is first used.</summary>
internal sealed class SchedulerPeer : IAsyncDisposable
{
    /// <summary>A server that is cut off breaks no connection: it is looked after so often.</summary>
    private static readonly TimeSpan keepAlive = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource gone = new();
    private readonly RpcChannel? workers;

    /// <summary>Makes the way to a server.</summary>
    public SchedulerPeer(SchedulerAddresses addresses, PeerAccess access)
    {
        // What is carried on is not carried on again, and is not of that machine.
        var headers = new RpcMetadata { { LocalClient.ForwardedHeader, "1" } };
        var options = new RpcChannelOptions { Ssl = access.Ssl, ServerName = access.ServerName, KeepAlive = keepAlive, ConnectTimeout = keepAlive, Headers = headers };
        PassesClientsOn = access.ClientAuthorization is null;
        Clients = new RpcChannel(addresses.Clients, PassesClientsOn ? options : options with { Authorization = access.ClientAuthorization, MoreHeaders = HeadersOfCaller });
        workers = addresses.Workers is { } address ? new RpcChannel(address, options with { Authorization = access.WorkerAuthorization }) : null;
        PassesAuthorizationOn = access.WorkerAuthorization is null;
        IsGone = gone.Token;
    }

    /// <summary>Where clients are served.</summary>
    public RpcChannel Clients { get; }

    /// <summary>Where workers are served.</summary>
    /// <exception cref="NoActiveSchedulerException">It serves none that come by way of others.</exception>
    public RpcChannel Workers => workers ?? throw new NoActiveSchedulerException(
        $"the active scheduler at {Clients.Address} has no listener for workers that other servers know of: set execution.scheduler.advertise.workers there");

    /// <summary>True if clients are known there by what they show themselves.</summary>
    public bool PassesClientsOn { get; }

    /// <summary>True if workers are known there by what they show themselves.</summary>
    public bool PassesAuthorizationOn { get; }

    /// <summary>Fires when this is no longer the active one: its calls end.</summary>
    public CancellationToken IsGone { get; }

    private static RpcMetadata? HeadersOfCaller()
    {
        if (Caller.Current is not { } caller)
            return null; // then it is this server that asks
        var headers = new RpcMetadata();
        headers.AddBinary(CallerHeader.Name, CallerHeader.Encode(caller));
        return headers;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await gone.CancelAsync();
        await Clients.DisposeAsync();
        if (workers is not null)
            await workers.DisposeAsync();
        gone.Dispose();
    }
}
