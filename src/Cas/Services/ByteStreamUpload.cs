using System.Buffers;
using Google.Bytestream;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Server;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>One Write call, from its first message to its answer.</summary>
internal sealed class ByteStreamUpload(IBlobStore cas, UploadSessions sessions, CasLimits limits, IStreamedResources? others, ICallObserver observer, AccessGuard access, RpcCall call)
{
    // Clients half-close as they finish; one that waits for the answer first gets it after this.
    private static readonly TimeSpan halfCloseGrace = TimeSpan.FromSeconds(2);
    private const long AlreadyThere = -1; // the answer to a compressed upload of what is there (BSW-07)
    private const int DecodedBytes = 64 * 1024;
    private const int SessionBytes = 128 * 1024; // of a store that compresses, or gathers
    private const int BrotliBytes = 17 * 1024 * 1024; // the largest window, and what is beside it

    private string resourceName = "";
    private Digest digest;
    private long position; // in the blob: where the next message has to begin
    private long received; // bytes that were stored
    private bool hasFinished; // finish_write was processed, well or badly: nothing to continue

    /// <summary>Serves the call.</summary>
    public async Task RunAsync()
    {
        if (!await call.Requests.MoveNextAsync(call.CancellationToken))
            throw RequestArguments.Invalid("the upload has no message: the first one carries resource_name");
        WriteRequestFrame first = ParseMessage();
        if (!first.TryGetResourceName(out resourceName))
            throw RequestArguments.Invalid("resource_name is no UTF-8");
        if (others is not null && others.Has(resourceName))
        {
            access.Check(Right.WriteCas, others.InstanceOf(resourceName));
            await others.WriteAsync(call);
            return;
        }

        ResourceName name = ByteStreamService.ParseUpload(call, resourceName);
        digest = name.Digest;
        access.Check(Right.WriteCas, digest.Instance); // an upload that is continued opens no store
        limits.CheckBlob(digest);
        call.Responses.Write(new WriteResponse { CommittedSize = await ReceiveAsync(name, first) });
        if (received > 0)
            observer.ObserveBlobs(call, CallKind.Written, digest, 1, received);
    }

    private async ValueTask<long> ReceiveAsync(ResourceName name, WriteRequestFrame first)
    {
        // Who has it already is told at once and need not send it (BSW-07).
        bool isCompressed = name.Compressor != Compressor.Identity;
        if (await cas.ContainsAsync(digest, call.CancellationToken))
            return isCompressed ? AlreadyThere : digest.SizeBytes;
        if (!isCompressed && first.FinishWrite && first.WriteOffset == 0 && first.Data.Length == digest.SizeBytes)
            return await ReceiveWholeAsync(first.Data);

        await call.ReserveAsync(name.Compressor == Compressor.Brotli ? BrotliBytes : SessionBytes);
        UploadSession? session = await sessions.EnterAsync(name, first.WriteOffset, call.CancellationToken);
        if (session is null)
        {
            // The upload that was to be continued may just have been finished.
            return await cas.ContainsAsync(digest, call.CancellationToken)
                ? (isCompressed ? AlreadyThere : digest.SizeBytes)
                : throw RequestArguments.Invalid($"write_offset {first.WriteOffset} is not the committed size: ask QueryWriteStatus for it");
        }

        try
        {
            return isCompressed ? await ReceiveCompressedAsync(session, first) : await ReceivePiecesAsync(session, first);
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

        received = data.Length;
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
            received += message.Data.Length;
            if (message.FinishWrite)
                return await FinishAsync(session);

            if (!await MoveNextAsync(session, either.Token))
                return session.CommittedSize; // half-closed without finish_write (BSW-04)
            message = NextMessage();
            if (await cas.ContainsAsync(digest, call.CancellationToken))
            {
                hasFinished = true; // by somebody else's upload
                return digest.SizeBytes;
            }
        }
    }

    /// <summary>Offsets after the first count compressed bytes; what is stored, and what QueryWriteStatus tells, counts others (BSW-09, BSQ-03).</summary>
    private async ValueTask<long> ReceiveCompressedAsync(UploadSession session, WriteRequestFrame message)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, session.TakenOver);
        await using var source = new CompressedUploadStream(message, () => NextCompressedAsync(session, either.Token));
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DecodedBytes);
        try
        {
            await using Stream decoded = BlobCompression.Decode(session.Name.Compressor, source, call.ReserveAsync);
            position = message.WriteOffset;
            for (int read; (read = await decoded.ReadAsync(buffer, call.CancellationToken)) > 0; position += read)
            {
                if (read > digest.SizeBytes - position)
                    throw RequestArguments.Invalid($"the compressed data contains more than {digest} has");
                await session.AppendAsync(cas, new ReadOnlySequence<byte>(buffer, 0, read), sessions.Stopping);
                received += read;
            }

            if (await source.ReadAsync(buffer, call.CancellationToken) > 0)
                throw RequestArguments.Invalid("something follows the compressed data");
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException && source.IsHalfClosed)
        {
            return session.CommittedSize; // half-closed without finish_write (BSW-04), in the middle of the compressed data
        }
        catch (Exception exception) when (exception is InvalidDataException or InvalidOperationException && !session.IsBroken)
        {
            hasFinished = true;
            throw RequestArguments.Invalid($"the data is not compressed as resource_name says, or is damaged: {exception.Message}");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (source.IsHalfClosed)
            return session.CommittedSize;
        await FinishAsync(session);
        return source.CompressedEnd;
    }

    private async ValueTask<WriteRequestFrame?> NextCompressedAsync(UploadSession session, CancellationToken cancellationToken) =>
        await MoveNextAsync(session, cancellationToken) ? NextMessage() : null;

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

    private WriteRequestFrame NextMessage()
    {
        WriteRequestFrame message = ParseMessage();
        return message.ContinuesUpload(resourceName) ? message : throw RequestArguments.Invalid("resource_name changed in the middle of the upload");
    }

    private WriteRequestFrame ParseMessage() => WriteRequestFrame.TryParse(call.Requests.Current, out WriteRequestFrame message)
        ? message
        : throw RequestArguments.Invalid("the request is no valid WriteRequest");
}
