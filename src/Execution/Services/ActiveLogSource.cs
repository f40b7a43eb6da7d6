using System.Runtime.CompilerServices;
using Google.LongRunning;
using RemoteExec.Cas;
using RemoteExec.Execution.Availability;
using RemoteExec.Execution.Logs;
using RemoteExec.Rpc;

namespace RemoteExec.Execution.Services;

/// <summary>Logs of operations of the active scheduler, wherever that is at each call.</summary>
/// <param name="router">Knows where it is.</param>
/// <param name="streams">The live logs of this server.</param>
/// <param name="cas">Where logs are when they were written.</param>
internal sealed class ActiveLogSource(SchedulerRouter router, LogStreams streams, IBlobStore cas) : ILogSource
{
    /// <inheritdoc/>
    public async Task<Operation> GetOperationAsync(string name, CancellationToken cancellationToken) =>
        await (await FindAsync(cancellationToken)).GetOperationAsync(name, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string resource, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (ReadOnlyMemory<byte> piece in (await FindAsync(cancellationToken)).ReadAsync(resource, offset, cancellationToken))
            yield return piece;
    }

    private async Task<ILogSource> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await router.FindAsync(cancellationToken) switch
            {
                SchedulerRoute.Here here => new LocalLogSource(here.Queue, streams, cas),
                SchedulerRoute.Elsewhere elsewhere => new RemoteLogSource(elsewhere.Peer.Clients),
                _ => throw new InvalidOperationException("a route leads somewhere"),
            };
        }
        catch (NoActiveSchedulerException exception)
        {
            throw new RpcException(new RpcStatus(StatusCode.Unavailable, exception.Message), exception);
        }
    }
}
