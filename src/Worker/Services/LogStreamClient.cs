using Build.Bazel.Remote.LogStream.v1;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;

namespace RemoteExec.Worker.Services;

/// <summary>Log streams at the scheduler's server, as their writer makes and fills them. Failures are those of the calls. Thread-safe.</summary>
/// <param name="scheduler">The way there.</param>
internal sealed class LogStreamClient(RpcChannel scheduler)
{
    private static readonly RpcCallOptions options = new() { Timeout = TimeSpan.FromSeconds(20) };

    /// <summary>Makes a stream.</summary>
    /// <exception cref="RpcException">The call failed; UNIMPLEMENTED where the server has none.</exception>
    public Task<LogStream> CreateAsync(InstanceName instance, CancellationToken cancellationToken) => scheduler.UnaryAsync<CreateLogStreamRequest, LogStream>(
        "/build.bazel.remote.logstream.v1.LogStreamService/CreateLogStream", new CreateLogStreamRequest { Parent = instance.Value }, cancellationToken, options);

    /// <summary>Adds to a stream, and returns how long it is then.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<long> WriteAsync(LogStream stream, long offset, ReadOnlyMemory<byte> data, bool finishes, CancellationToken cancellationToken)
    {
        var request = new WriteRequest { ResourceName = stream.WriteResourceName, WriteOffset = offset, Data = UnsafeByteOperations.UnsafeWrap(data), FinishWrite = finishes };
        return (await scheduler.UnaryAsync<WriteRequest, WriteResponse>("/google.bytestream.ByteStream/Write", request, cancellationToken, options)).CommittedSize;
    }

    /// <summary>How long a stream is, and whether it is finished.</summary>
    /// <exception cref="RpcException">The call failed; NOT_FOUND if there is no such stream.</exception>
    public Task<QueryWriteStatusResponse> QueryAsync(LogStream stream, CancellationToken cancellationToken) => scheduler.UnaryAsync<QueryWriteStatusRequest, QueryWriteStatusResponse>(
        "/google.bytestream.ByteStream/QueryWriteStatus", new QueryWriteStatusRequest { ResourceName = stream.WriteResourceName }, cancellationToken, options);
}
