using Google.LongRunning;

namespace RemoteExec.Execution.Services;

/// <summary>Where an <see cref="OperationLog"/> comes from. What fails is an <see cref="Rpc.RpcException"/>.</summary>
internal interface ILogSource
{
    /// <summary>An operation as it is now.</summary>
    Task<Operation> GetOperationAsync(string name, CancellationToken cancellationToken);

    /// <summary>What a resource of ByteStream has from an offset on, to its end; of a log stream that is when nothing more is written.</summary>
    /// <returns>Pieces, each good until the next is asked for.</returns>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string resource, long offset, CancellationToken cancellationToken);
}
