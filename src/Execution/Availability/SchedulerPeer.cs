using System.Net.Security;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Execution.Availability;

/// <summary>The way to a scheduler at another server. It connects when it is first used.</summary>
internal sealed class SchedulerPeer : IAsyncDisposable
{
    /// <summary>A server that is cut off breaks no connection: it is looked after so often.</summary>
    private static readonly TimeSpan keepAlive = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource gone = new();
    private readonly RpcChannel? workers;

    /// <summary>Makes the way to a server.</summary>
    /// <param name="addresses">Where it is.</param>
    /// <param name="ssl">Whom to trust if it speaks TLS; null for whom the system trusts.</param>
    public SchedulerPeer(SchedulerAddresses addresses, SslClientAuthenticationOptions? ssl)
    {
        var options = new RpcChannelOptions { Ssl = ssl, KeepAlive = keepAlive, ConnectTimeout = keepAlive };
        Clients = new RpcChannel(addresses.Clients, options);
        workers = addresses.Workers is { } address ? new RpcChannel(address, options) : null;
        IsGone = gone.Token;
    }

    /// <summary>Where clients are served.</summary>
    public RpcChannel Clients { get; }

    /// <summary>Where workers are served.</summary>
    /// <exception cref="NoActiveSchedulerException">It serves none that come by way of others.</exception>
    public RpcChannel Workers => workers ?? throw new NoActiveSchedulerException($"the active scheduler at {Clients.Address} tells no address for workers: set execution.scheduler.advertise.workers there");

    /// <summary>Fires when this is no longer the active one: its calls end.</summary>
    public CancellationToken IsGone { get; }

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
