using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteExec.ActionCache;
using RemoteExec.ActionCache.Stores;
using RemoteExec.Cas;
using RemoteExec.Cas.Composition;
using RemoteExec.Cas.Stores;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Server.Cli.Replay;

/// <summary>The server that has an action, and what this machine has of it already.</summary>
internal sealed class ReplayServer : IAsyncDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);
    private readonly RpcChannel channel;
    private readonly ReplayRequest request;
    private readonly LocalCopyStore copies;

    private ReplayServer(RpcChannel channel, ReplayRequest request)
    {
        this.channel = channel;
        this.request = request;
        Remote = new EmptyBlobStore(new RemoteStore(channel, patience, TimeProvider.System, gathers: true));
        copies = new LocalCopyStore(Remote, ReplayScratch.Blobs, TimeProvider.System);
        Cas = new EmptyBlobStore(copies);
    }

    /// <summary>Its blobs, of which those that are read are kept here.</summary>
    public IBlobStore Cas { get; }

    /// <summary>Its blobs, of which none is kept.</summary>
    public IBlobStore Remote { get; }

    /// <summary>How much was fetched.</summary>
    public long FetchedBytes => copies.FetchedBytes;

    /// <summary>Opens the way to it.</summary>
    public static ReplayServer Open(ServerConnection connection, ParseResult flags, ReplayRequest request) =>
        new(connection.Open(flags, NullLogger.Instance, TimeProvider.System), request);

    /// <summary>Finds the action that is named, and its result.</summary>
    /// <exception cref="StartupException">There is none.</exception>
    /// <exception cref="CasException">The server can't say.</exception>
    public async Task<PastAction> FindAsync(CancellationToken cancellationToken)
    {
        PastAction action = request.Digest is { } digest ? new PastAction(digest) : await PastAction.OfOperationAsync(channel, request.Name, cancellationToken);
        return action.Result is not null
            ? action
            : action with { Result = await new ActionCacheStore(new RemoteResultStore(channel, patience, TimeProvider.System)).GetAsync(action.Digest, cancellationToken) };
    }

    /// <summary>Ends it, and keeps what was fetched within bounds.</summary>
    public async ValueTask DisposeAsync()
    {
        await channel.DisposeAsync();
        if (FetchedBytes > 0)
            LocalCopyStore.Trim(ReplayScratch.Blobs, ReplayScratch.BlobBytes, TimeProvider.System);
    }
}
