using System.Runtime.CompilerServices;
using Google.Bytestream;
using Google.LongRunning;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Execution.Services;

/// <summary>Logs of operations at another server.</summary>
/// <param name="channel">The way there.</param>
internal sealed class RemoteLogSource(RpcChannel channel) : ILogSource
{
    /// <inheritdoc/>
    public Task<Operation> GetOperationAsync(string name, CancellationToken cancellationToken) => channel.UnaryAsync<GetOperationRequest, Operation>(
        "/google.longrunning.Operations/GetOperation", new GetOperationRequest { Name = name }, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string resource, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ReadRequest { ResourceName = resource, ReadOffset = offset };
        await foreach (ReadResponse piece in channel.ServerStreamAsync<ReadRequest, ReadResponse>("/google.bytestream.ByteStream/Read", request, cancellationToken))
            yield return piece.Data.Memory;
    }
}
