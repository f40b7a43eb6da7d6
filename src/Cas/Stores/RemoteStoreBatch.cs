using System.Buffers;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Stores;

/// <summary>Reads and writes one small blob at another server by a call of one message each way, BatchReadBlobs and BatchUpdateBlobs: a stream would cost several times as much.</summary>
/// <param name="channel">The way to the server.</param>
/// <param name="digest">The blob, as it is called there.</param>
internal sealed class RemoteStoreBatch(RpcChannel channel, Digest digest)
{
    /// <summary>The longest blob that goes this way, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private const string Read = "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchReadBlobs";
    private const string Update = "/build.bazel.remote.execution.v2.ContentAddressableStorage/BatchUpdateBlobs";
    private const byte InstanceTag = (1 << 3) | 2;
    private const byte ItemTag = (2 << 3) | 2; // a digest to read, a blob to write
    private const byte ReadFunctionTag = (4 << 3) | 0;
    private const byte UpdateFunctionTag = (5 << 3) | 0;
    private const byte DigestTag = (1 << 3) | 2;
    private const byte DataTag = (2 << 3) | 2;
    private const byte AnswerTag = (1 << 3) | 2;
    private const byte ReadStatusTag = (3 << 3) | 2;
    private const byte UpdateStatusTag = (2 << 3) | 2;
    private const int MaxHeadBytes = 128 + (3 * 1024) + (2 * DigestMessage.MaxLength);

    /// <summary>Reads the blob.</summary>
    /// <exception cref="RpcException">The call failed, or the server has no answer for this blob: NOT_FOUND if it is absent.</exception>
    /// <exception cref="InvalidDataException">The answer makes no sense.</exception>
    public Task<byte[]> ReadAsync(CancellationToken cancellationToken) => CallAsync(Read, ReadOnlyMemory<byte>.Empty, ReadAnswer, cancellationToken);

    /// <summary>Writes the blob.</summary>
    /// <param name="content">The content; borrowed until the call has ended.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">The call failed, or the server did not take the blob.</exception>
    /// <exception cref="InvalidDataException">The answer makes no sense.</exception>
    public Task<bool> WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => CallAsync(Update, content, UpdateAnswer, cancellationToken);

    private async Task<T> CallAsync<T>(string method, ReadOnlyMemory<byte> content, Parser<T> parse, CancellationToken cancellationToken)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(MaxHeadBytes + content.Length);
        int length = method == Read ? WriteReadRequest(frame) : WriteUpdateRequest(frame, content.Span);
        T result;
        await using (RpcClientCall call = channel.SendFrame(method, frame.AsMemory(0, length), CallHeaders.OfThisFlow(), cancellationToken))
        {
            if (!await call.MoveNextAsync())
                throw new InvalidDataException("it answered nothing");
            result = Parse(call.Response, parse);
            if (await call.MoveNextAsync())
                throw new InvalidDataException("it answered twice");
        }

        ArrayPool<byte>.Shared.Return(frame); // only now: a call that fails may still be sending
        return result;
    }

    private int WriteReadRequest(Span<byte> frame)
    {
        Span<byte> left = WriteInstance(frame[MessagePrefix.Length..]);
        left = left[ProtoWriter.WriteLength(left, ItemTag, DigestMessage.LengthOf(digest))..];
        left = left[DigestMessage.Write(left, digest)..];
        return Finish(frame, left, ReadFunctionTag);
    }

    private int WriteUpdateRequest(Span<byte> frame, ReadOnlySpan<byte> content)
    {
        int digestLength = DigestMessage.LengthOf(digest);
        Span<byte> left = WriteInstance(frame[MessagePrefix.Length..]);
        left = left[ProtoWriter.WriteLength(left, ItemTag, ProtoWriter.LengthOfBytes(digestLength) + ProtoWriter.LengthOfBytes(content.Length))..];
        left = left[ProtoWriter.WriteLength(left, DigestTag, digestLength)..];
        left = left[DigestMessage.Write(left, digest)..];
        left = left[ProtoWriter.WriteBytes(left, DataTag, content)..];
        return Finish(frame, left, UpdateFunctionTag);
    }

    private Span<byte> WriteInstance(Span<byte> left) =>
        digest.Instance.IsEmpty ? left : left[ProtoWriter.WriteBytes(left, InstanceTag, System.Text.Encoding.UTF8.GetBytes(digest.Instance.Value))..];

    private int Finish(Span<byte> frame, Span<byte> left, byte functionTag)
    {
        left[0] = functionTag;
        left = left[(1 + Varint.Write(left[1..], (ulong)digest.Function))..];
        int length = frame.Length - left.Length;
        MessagePrefix.Write(frame, length - MessagePrefix.Length);
        return length;
    }

    private byte[] ReadAnswer(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> data = AnswerOf(message, ReadStatusTag, DataTag);
        return data.Length == digest.SizeBytes ? data.ToArray() : throw new InvalidDataException($"it sent {data.Length} bytes of {digest}");
    }

    private bool UpdateAnswer(ReadOnlySpan<byte> message)
    {
        AnswerOf(message, UpdateStatusTag, 0);
        return true;
    }

    /// <summary>The data of the only blob in an answer, which is about ours, and good.</summary>
    private ReadOnlySpan<byte> AnswerOf(ReadOnlySpan<byte> message, byte statusTag, byte dataTag)
    {
        ReadOnlySpan<byte> answer = default, name = default, status = default, data = default;
        bool isOne = false;
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || tag != AnswerTag || isOne || !fields.TryReadBytes(out answer))
                throw new InvalidDataException("its answer is not about one blob");
            isOne = true;
        }

        var parts = new FieldReader(answer);
        while (!parts.AtEnd)
        {
            if (!parts.TryReadVarint(out ulong tag))
                throw new InvalidDataException("its answer is cut off");
            bool isGood = (tag & 7) != 2 ? parts.TryReadVarint(out ulong number) && number == 0 // no compressor was asked for
                : tag == DigestTag ? parts.TryReadBytes(out name)
                : tag == statusTag ? parts.TryReadBytes(out status)
                : tag == dataTag ? parts.TryReadBytes(out data)
                : parts.TryReadBytes(out _);
            if (!isGood)
                throw new InvalidDataException("its answer is cut off, or compressed");
        }

        if (!DigestMessage.TryRead(name, digest.Instance, digest.Function, out Digest named) || named != digest)
            throw new InvalidDataException("its answer is about another blob");
        ThrowIfFailed(status);
        return data;
    }

    private static void ThrowIfFailed(ReadOnlySpan<byte> encoded)
    {
        if (encoded.IsEmpty)
            return;
        Google.Rpc.Status status;
        try
        {
            status = Google.Rpc.Status.Parser.ParseFrom(encoded);
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new InvalidDataException("its answer has no valid status", exception);
        }

        if (status.Code != (int)StatusCode.Ok)
            throw new RpcException((StatusCode)status.Code, status.Message);
    }

    private static T Parse<T>(in ReadOnlySequence<byte> message, Parser<T> parse)
    {
        if (message.IsSingleSegment)
            return parse(message.FirstSpan);
        byte[] whole = ArrayPool<byte>.Shared.Rent((int)message.Length);
        try
        {
            message.CopyTo(whole);
            return parse(whole.AsSpan(0, (int)message.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private delegate T Parser<T>(ReadOnlySpan<byte> message);
}
