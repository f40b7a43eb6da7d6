using System.Buffers;
using Google.Bytestream;
using Google.Protobuf;
using RemoteExec.Cas.Services;
using RemoteExec.Execution.Logs;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Execution.Services;

/// <summary>Log streams of this server, as ByteStream reads and writes them (LOG-02, LOG-03).</summary>
/// <param name="streams">The streams.</param>
/// <param name="mayWrite">False where clients call, who may only read.</param>
public sealed class LogStreamResources(LogStreams streams, bool mayWrite) : IStreamedResources
{
    private const int ReadBytes = 64 * 1024;

    /// <inheritdoc/>
    public bool Has(string resourceName) => LogStreamName.IsOne(resourceName);

    /// <inheritdoc/>
    public InstanceName InstanceOf(string resourceName) => NameOf(resourceName).Instance;

    /// <inheritdoc/>
    public RpcStatus? ToStatus(Exception exception) => ExecutionErrors.ToStatus(exception);

    /// <inheritdoc/>
    public Task ReadAsync(ReadRequest request, RpcCall call) => ReadAsync(request, call, CancellationToken.None);

    /// <inheritdoc/>
    public async Task WriteAsync(RpcCall call)
    {
        WriteRequest first = RpcService.Parse<WriteRequest>(call.Requests.Current);
        using LogStream stream = OpenForWriting(first.ResourceName);
        call.Requests.MayRest = true; // as the action does that writes
        WriteRequest message = first;
        while (true)
        {
            long committed = await streams.AppendAsync(stream, message.WriteOffset, message.Data.Memory, message.FinishWrite, call.CancellationToken);
            bool isLast = message.FinishWrite;
            if (!await call.Requests.MoveNextAsync(call.CancellationToken))
            {
                call.Responses.Write(new WriteResponse { CommittedSize = committed });
                return;
            }

            message = RpcService.Parse<WriteRequest>(call.Requests.Current);
            if (isLast)
                throw RequestArguments.Invalid("a message follows the one with finish_write");
            if (message.ResourceName.Length > 0 && message.ResourceName != first.ResourceName)
                throw RequestArguments.Invalid("resource_name changed in the middle of the log");
        }
    }

    /// <inheritdoc/>
    public Task<QueryWriteStatusResponse> QueryWriteStatusAsync(QueryWriteStatusRequest request, RpcCall call)
    {
        using LogStream stream = OpenForWriting(request.ResourceName);
        (long committed, bool isComplete) = stream.GetWriteStatus();
        return Task.FromResult(new QueryWriteStatusResponse { CommittedSize = committed, Complete = isComplete });
    }

    /// <summary>Refuses writing where it is not allowed.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED: it is not.</exception>
    internal void CheckMayWrite()
    {
        if (!mayWrite)
            throw new RpcException(StatusCode.PermissionDenied, "only workers write logs, at the listener that is theirs");
    }

    /// <summary>Serves ByteStream.Read until the log ends, or nothing more comes of it here.</summary>
    internal async Task ReadAsync(ReadRequest request, RpcCall call, CancellationToken gone)
    {
        if (request.ReadOffset < 0)
            throw new RpcException(StatusCode.OutOfRange, $"read_offset is negative: {request.ReadOffset}");
        if (request.ReadLimit < 0)
            throw RequestArguments.Invalid($"read_limit is negative: {request.ReadLimit}");
        using LogStream stream = streams.OpenForReading(NameOf(request.ResourceName));
        await call.SendHeadersAsync(); // it may be long before there is something to read
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, gone);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
        try
        {
            long left = request.ReadLimit > 0 ? request.ReadLimit : long.MaxValue;
            for (long offset = request.ReadOffset; left > 0;)
            {
                int read = await stream.ReadAsync(offset, buffer.AsMemory(0, (int)Math.Min(ReadBytes, left)), either.Token);
                if (read == 0)
                    return;
                call.Responses.Write(new ReadResponse { Data = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, read)) }); // encoded before it returns
                await call.Responses.FlushAsync(call.CancellationToken);
                offset += read;
                left -= read;
            }
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested && !call.CancellationToken.IsCancellationRequested)
        {
            throw LogStreamException.BrokenOff("another server is the active scheduler now, where it is begun anew");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static LogStreamName NameOf(string text) =>
        LogStreamName.TryParse(text, out LogStreamName? name) ? name : throw RequestArguments.Invalid($"'{text}' names no log stream");

    private LogStream OpenForWriting(string text)
    {
        CheckMayWrite();
        return streams.OpenForWriting(NameOf(text));
    }
}
