using System.Buffers;
using System.Runtime.CompilerServices;
using RemoteExec.Cas;
using RemoteExec.Execution.Logs;
using RemoteExec.Execution.Operations;
using RemoteExec.Execution.Scheduling;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using Operation = Google.LongRunning.Operation;

namespace RemoteExec.Execution.Services;

/// <summary>Logs of operations of the scheduler in this process.</summary>
/// <param name="queue">Knows the operations.</param>
/// <param name="streams">What is being written.</param>
/// <param name="cas">Where it is when it was written.</param>
internal sealed class LocalLogSource(ActionQueue queue, LogStreams streams, IBlobStore cas) : ILogSource
{
    private const int PieceBytes = 64 * 1024;

    /// <inheritdoc/>
    public Task<Operation> GetOperationAsync(string name, CancellationToken cancellationToken) => Task.FromResult(Translated(
        () => OperationMessages.ToProto(queue.Get(OperationName.TryParse(name, out OperationName parsed) ? parsed : throw new OperationNotFoundException(name)))));

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(string resource, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            if (LogStreamName.TryParse(resource, out LogStreamName? name))
            {
                using LogStream stream = Translated(() => streams.OpenForReading(name));
                for (int read; (read = await TranslatedAsync(() => new ValueTask<int>(stream.ReadAsync(offset, buffer, cancellationToken)))) > 0; offset += read)
                    yield return buffer.AsMemory(0, read);
                yield break;
            }

            if (!ResourceName.TryParseRead(resource, out ResourceName blob, out string? error))
                throw new RpcException(StatusCode.InvalidArgument, error);
            await using BlobReader reader = await TranslatedAsync(() => cas.OpenReadAsync(blob.Digest, offset, cancellationToken))
                ?? throw new RpcException(StatusCode.NotFound, $"what was written is not in the cache any more: {blob.Digest}");
            for (int read; (read = await TranslatedAsync(() => reader.ReadAsync(buffer, cancellationToken))) > 0;)
                yield return buffer.AsMemory(0, read);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static T Translated<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception exception) when (ExecutionErrors.ToStatus(exception) is { } status)
        {
            throw new RpcException(status, exception);
        }
    }

    private static async ValueTask<T> TranslatedAsync<T>(Func<ValueTask<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (ExecutionErrors.ToStatus(exception) is { } status)
        {
            throw new RpcException(status, exception);
        }
    }
}
