using System.Buffers;
using Google.Protobuf;
using RemoteExec.Cas.Builds;
using RemoteExec.Cas.Compression;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Access;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Framing;
using RemoteExec.Rpc.Server;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>BatchReadBlobs: what may come in great numbers, digests and the contents of blobs, is kept in pooled arrays and not in objects.</summary>
internal sealed class BatchReadHandler(IBlobStore cas, CasLimits limits, ICallObserver observer)
{
    private const int ConcurrentBlobs = 64; // stores that have to ask elsewhere do so for several blobs at a time
    private const int WorthCompressing = 256; // bytes

    /// <summary>Answers a request, and disposes it.</summary>
    public async Task ServeAsync(BatchReadRequest request, RpcCall call)
    {
        int count = request.Digests.Count;
        int total = (int)limits.CheckBatch(request.Digests.All.Select(digest => digest.SizeBytes));
        if (total > MessageReader.SmallMessageBytes)
            await call.ReserveAsync(2 * total); // the contents, and the answer made of them
        byte[] content = ArrayPool<byte>.Shared.Rent(total);
        var answers = ArrayPool<BatchReadAnswer>.Shared.Rent(count);
        var pending = ArrayPool<ValueTask<BatchReadAnswer>>.Shared.Rent(ConcurrentBlobs);
        for (int done = 0, filled = 0; done < count;)
        {
            int some = Math.Min(ConcurrentBlobs, count - done);
            for (int i = 0; i < some; i++)
            {
                int length = (int)request.Digests.All[done + i].SizeBytes;
                pending[i] = ReadAsync(request, done + i, content.AsMemory(filled, length), call.CancellationToken);
                filled += length;
            }

            for (int i = 0; i < some; i++)
                answers[done++] = await pending[i];
        }

        Write(call.Responses, request, answers.AsSpan(0, count));
        Tell(call, request, answers.AsSpan(0, count));

        // Not in a finally block: when one read has thrown, others may still be filling the memory, and nobody else must get it.
        ArrayPool<ValueTask<BatchReadAnswer>>.Shared.Return(pending, clearArray: true);
        ArrayPool<BatchReadAnswer>.Shared.Return(answers, clearArray: true);
        ArrayPool<byte>.Shared.Return(content);
        request.Dispose();
    }

    private void Tell(RpcCall call, BatchReadRequest request, ReadOnlySpan<BatchReadAnswer> answers)
    {
        if (!observer.Wants(call))
            return;
        long bytes = 0;
        int blobs = 0, last = -1;
        for (int i = 0; i < answers.Length; i++)
        {
            if (answers[i].Failure is not null)
                continue;
            bytes += request.Digests.All[i].SizeBytes;
            blobs++;
            last = i;
        }

        if (last >= 0)
            observer.ObserveBlobs(call, CallKind.Read, request.Digests.All[last], blobs, bytes);
    }

    private async ValueTask<BatchReadAnswer> ReadAsync(BatchReadRequest request, int index, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (request.Malformed.TryGetValue(index, out (Reapi.Digest, RpcStatus Status) malformed))
            return BatchReadAnswer.Of(malformed.Status);
        Digest digest = request.Digests.All[index];
        try
        {
            await using BlobReader? reader = await cas.OpenReadAsync(digest, 0, cancellationToken);
            if (reader is null)
                return BatchReadAnswer.Of(CasErrors.ToStatus(new BlobsMissingException([digest]))!);
            bool isZstd = reader.ZstdLength < destination.Length && Choose(request.Acceptable) == Compressor.Zstd;
            if (isZstd)
                destination = destination[..(int)reader.ZstdLength!.Value];
            for (int filled = 0; filled < destination.Length;)
            {
                int read = await (isZstd ? reader.ReadZstdAsync(destination[filled..], cancellationToken) : reader.ReadAsync(destination[filled..], cancellationToken));
                if (read == 0)
                    throw new BlobCorruptException(digest);
                filled += read;
            }

            if (isZstd)
                return new BatchReadAnswer(null, destination, Compressor.Zstd);
            return request.Acceptable.Count == 0 || destination.Length < WorthCompressing
                ? new BatchReadAnswer(null, destination, Compressor.Identity)
                : await CompressAsync(request.Acceptable, destination, cancellationToken);
        }
        catch (Exception exception) when (exception is not AccessDeniedException && CasErrors.ToStatus(exception) is { } status) // who may read none of them is told so once
        {
            return BatchReadAnswer.Of(status);
        }
    }

    private static async ValueTask<BatchReadAnswer> CompressAsync(
        IReadOnlyList<Compressor> acceptable, Memory<byte> content, CancellationToken cancellationToken)
    {
        if (Choose(acceptable) is var compressor and not Compressor.Identity)
        {
            byte[] compressed = await BlobCompression.CompressAsync(compressor, content, cancellationToken);
            if (compressed.Length < content.Length)
                return new BatchReadAnswer(null, compressed, compressor);
        }

        return new BatchReadAnswer(null, content, Compressor.Identity);
    }

    private static Compressor Choose(IReadOnlyList<Compressor> acceptable) => BlobCompression.Supported.FirstOrDefault(acceptable.Contains);

    private static void Write(MessageWriter responses, BatchReadRequest request, ReadOnlySpan<BatchReadAnswer> answers)
    {
        int length = 0;
        for (int i = 0; i < answers.Length; i++)
            length += answers[i].FieldLength(DigestLength(request, i));

        Span<byte> left = responses.Reserve(length).Span;
        for (int i = 0; i < answers.Length; i++)
        {
            int digestLength = DigestLength(request, i);
            left = left[answers[i].WriteStart(left, digestLength)..];
            if (request.Malformed.TryGetValue(i, out (Reapi.Digest Digest, RpcStatus) malformed))
                malformed.Digest.WriteTo(left[..digestLength]);
            else
                DigestMessage.Write(left, request.Digests.All[i]);
            left = left[digestLength..];
            left = left[answers[i].WriteEnd(left)..];
        }

        responses.Commit();
    }

    private static int DigestLength(BatchReadRequest request, int index) =>
        request.Malformed.TryGetValue(index, out (Reapi.Digest Digest, RpcStatus) malformed)
            ? malformed.Digest.CalculateSize()
            : DigestMessage.LengthOf(request.Digests.All[index]);
}
