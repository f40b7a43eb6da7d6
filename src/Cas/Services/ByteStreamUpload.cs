using System.Buffers;
using Google.Bytestream;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>One Write call, from its first message to its answer.</summary>
internal sealed class ByteStreamUpload(IBlobStore cas, UploadSessions sessions, CasLimits limits, RpcCall call)
{
    // Clients half-close as they finish; one that waits for the answer first gets it after this.
    private static readonly TimeSpan halfCloseGrace = TimeSpan.FromSeconds(2);
    private string resourceName = "";
    private Digest digest;
    private long position; // in the blob: where the next message has to begin
    private bool hasFinished; // finish_write was processed, well or badly: nothing to continue

    /// <summary>Serves the call.</summary>
    public async Task RunAsync()
    {
        if (!await call.Requests.MoveNextAsync(call.CancellationToken))
            throw RequestArguments.Invalid("the upload has no message: the first one carries resource_name");
        WriteRequestFrame first = ParseMessage();
        if (!first.TryGetResourceName(out resourceName))
            throw RequestArguments.Invalid("resource_name is no UTF-8");
        ResourceName name = ByteStreamService.ParseUpload(call, resourceName);
        digest = name.Digest;
        limits.CheckBlob(digest);
        call.Responses.Write(new WriteResponse { CommittedSize = await ReceiveAsync(name, first) });
    }

    private async ValueTask<long> ReceiveAsync(ResourceName name, WriteRequestFrame first)
    {
        // Who has it already is told at once and need not send it (BSW-07).
        if (await cas.ContainsAsync(digest, call.CancellationToken))
            return digest.SizeBytes;
        if (first.FinishWrite && first.WriteOffset == 0 && first.Data.Length == digest.SizeBytes)
            return await ReceiveWholeAsync(first.Data);

        UploadSession? session = await sessions.EnterAsync(name, first.WriteOffset, call.CancellationToken);
        if (session is null)
        {
            // The upload that was to be continued may just have been finished.
            return await cas.ContainsAsync(digest, call.CancellationToken)
                ? digest.SizeBytes
                : throw RequestArguments.Invalid($"write_offset {first.WriteOffset} is not the committed size: ask QueryWriteStatus for it");
        }

        try
        {
            return await ReceivePiecesAsync(session, first);
        }
        finally
        {
            await sessions.LeaveAsync(session, keep: !hasFinished);
        }
    }

    private async ValueTask<long> ReceiveWholeAsync(ReadOnlySequence<byte> data)
    {
        await using (BlobWriter writer = await cas.OpenWriteAsync(digest, data.Length, call.CancellationToken))
        {
            if (!data.IsEmpty)
                await writer.WriteAsync(data, call.CancellationToken);
            await writer.CommitAsync(call.CancellationToken);
        }

        await ExpectHalfCloseAsync();
        return digest.SizeBytes;
    }

    private async ValueTask<long> ReceivePiecesAsync(UploadSession session, WriteRequestFrame message)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, session.TakenOver);
        position = message.WriteOffset;
        while (true)
        {
            CheckPlace(message);
            await session.AppendAsync(cas, message.Data, sessions.Stopping);
            position += message.Data.Length;
            if (message.FinishWrite)
                return await FinishAsync(session);

            if (!await MoveNextAsync(session, either.Token))
                return session.CommittedSize; // half-closed without finish_write (BSW-04)
            message = ParseMessage();
            if (!message.ContinuesUpload(resourceName))
                throw RequestArguments.Invalid("resource_name changed in the middle of the upload");
            if (await cas.ContainsAsync(digest, call.CancellationToken))
            {
                hasFinished = true; // by somebody else's upload
                return digest.SizeBytes;
            }
        }
    }

    private void CheckPlace(in WriteRequestFrame message)
    {
        if (message.WriteOffset != position)
            throw RequestArguments.Invalid($"write_offset is {message.WriteOffset}, but {position} is where the data sent so far ends");
        if (message.Data.Length > digest.SizeBytes - position)
            throw RequestArguments.Invalid($"{position + message.Data.Length} bytes or more were sent for {digest}");
    }

    private async ValueTask<bool> MoveNextAsync(UploadSession session, CancellationToken cancellationToken)
    {
        try
        {
            return await call.Requests.MoveNextAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (session.TakenOver.IsCancellationRequested && !call.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(StatusCode.Aborted, "another Write continues this upload");
        }
    }

    private async ValueTask<long> FinishAsync(UploadSession session)
    {
        hasFinished = true;
        if (position != digest.SizeBytes)
            throw RequestArguments.Invalid($"finish_write came after {position} bytes for {digest}");
        await session.CommitAsync(cas, sessions.Stopping);
        await ExpectHalfCloseAsync();
        return digest.SizeBytes;
    }

    private async ValueTask ExpectHalfCloseAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        ValueTask<bool> next = call.Requests.MoveNextAsync(patience.Token);
        try
        {
            bool another;
            if (next.IsCompleted)
            {
                another = await next;
            }
            else
            {
                await using ITimer timer = sessions.Time.CreateTimer(
                    static state => ((CancellationTokenSource)state!).Cancel(), patience, halfCloseGrace, Timeout.InfiniteTimeSpan);
                another = await next;
            }

            if (another)
                throw RequestArguments.Invalid("a message follows the one with finish_write");
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            // The blob is stored, which is what the client waits to be told.
        }
    }

    private WriteRequestFrame ParseMessage() => WriteRequestFrame.TryParse(call.Requests.Current, out WriteRequestFrame message)
        ? message
        : throw RequestArguments.Invalid("the request is no valid WriteRequest");
}
