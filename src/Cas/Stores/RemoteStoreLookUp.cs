using System.Buffers;
using System.Runtime.CompilerServices;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Cas.Stores;

/// <summary>FindMissingBlobs at another server: a front end asks about tens of thousands of blobs at a time, so that no object is made for one.</summary>
/// <param name="batch">At least one digest; all with a size, and of one instance and function. Not changed before the look-up has ended.</param>
/// <param name="instance">What the instance is called there.</param>
internal sealed class RemoteStoreLookUp(ArraySegment<Digest> batch, InstanceName instance)
{
    private const string Method = "/build.bazel.remote.execution.v2.ContentAddressableStorage/FindMissingBlobs";
    private const int DigestsPerCall = 10_000;
    private const byte InstanceTag = (1 << 3) | 2;
    private const byte DigestTag = (2 << 3) | 2;
    private const byte FunctionTag = (3 << 3) | 0;
    private const int MaxHeadBytes = 5 + 1 + 5 + (3 * 1024) + 1 + 10; // prefix; tag, length and text of the instance name; tag and number of the function

    private readonly Digest first = batch[0];

    /// <summary>Divides what is asked into what a call can ask; digests without a size are in none.</summary>
    public static List<ArraySegment<Digest>> Divide(IReadOnlyCollection<Digest> digests)
    {
        ArraySegment<Digest> all = digests switch
        {
            Digest[] array => array,
            ArraySegment<Digest> segment => segment,
            _ => digests.ToArray(),
        };
        if (!IsOfOneKind(all))
        {
            return
            [
                .. all.Where(digest => digest.HasSize).GroupBy(digest => (digest.Instance, digest.Function))
                    .SelectMany(group => group.Chunk(DigestsPerCall)).Select(chunk => new ArraySegment<Digest>(chunk)),
            ];
        }

        var batches = new List<ArraySegment<Digest>>();
        for (int start = 0; start < all.Count; start += DigestsPerCall)
            batches.Add(all.Slice(start, Math.Min(DigestsPerCall, all.Count - start)));
        return batches;
    }

    /// <summary>Asks, and returns what is missing, each once, in the order of the question.</summary>
    /// <exception cref="Rpc.RpcException">The call failed.</exception>
    /// <exception cref="InvalidDataException">The answer is none.</exception>
    public async Task<List<Digest>> AskAsync(RpcChannel channel, RpcCallOptions? options, CancellationToken cancellationToken)
    {
        byte[] frame = ArrayPool<byte>.Shared.Rent(MaxHeadBytes + (batch.Count * (1 + 5 + DigestMessage.LengthOf(first) + 10)));
        int length = WriteFrame(frame);
        List<Digest> missing;
        await using (RpcClientCall call = channel.SendFrame(Method, frame.AsMemory(0, length), options, cancellationToken))
        {
            if (!await call.MoveNextAsync())
                throw new InvalidDataException("it answered nothing");
            missing = ReadAnswer(call.Response);
            if (await call.MoveNextAsync())
                throw new InvalidDataException("it answered twice");
        }

        ArrayPool<byte>.Shared.Return(frame); // only now: a call that fails may still be sending
        return missing;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a command that runs for a third of a second has no time to find out what is hot
    private static bool IsOfOneKind(ReadOnlySpan<Digest> digests)
    {
        foreach (ref readonly Digest digest in digests)
        {
            if (!digest.HasSize || digest.Function != digests[0].Function || digest.Instance != digests[0].Instance)
                return false;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int WriteFrame(Span<byte> frame)
    {
        Span<byte> left = frame[MessagePrefix.Length..];
        if (!instance.IsEmpty)
            left = left[ProtoWriter.WriteBytes(left, InstanceTag, System.Text.Encoding.UTF8.GetBytes(instance.Value))..];
        foreach (ref readonly Digest digest in batch.AsSpan())
        {
            left = left[ProtoWriter.WriteLength(left, DigestTag, DigestMessage.LengthOf(digest))..];
            left = left[DigestMessage.Write(left, digest)..];
        }

        left[0] = FunctionTag;
        left = left[(1 + Varint.Write(left[1..], (ulong)first.Function))..];
        int length = frame.Length - left.Length;
        MessagePrefix.Write(frame, length - MessagePrefix.Length);
        return length;
    }

    private List<Digest> ReadAnswer(in ReadOnlySequence<byte> message)
    {
        if (message.IsSingleSegment)
            return ReadAnswer(message.FirstSpan);
        byte[] whole = ArrayPool<byte>.Shared.Rent((int)message.Length);
        try
        {
            message.CopyTo(whole);
            return ReadAnswer(whole.AsSpan(0, (int)message.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(whole);
        }
    }

    private List<Digest> ReadAnswer(ReadOnlySpan<byte> message)
    {
        var missing = new List<Digest>();
        bool isInOrder = true;
        int next = 0; // in the batch: servers answer in the order they were asked
        var fields = new FieldReader(message);
        while (!fields.AtEnd)
        {
            if (!fields.TryReadVarint(out ulong tag) || tag != DigestTag || !fields.TryReadBytes(out ReadOnlySpan<byte> bytes)
                || !DigestMessage.TryRead(bytes, first.Instance, first.Function, out Digest digest))
                return ReadUnusualAnswer(message);
            while (isInOrder && next < batch.Count && batch[next] != digest)
                next++;
            isInOrder &= next++ < batch.Count;
            missing.Add(digest);
        }

        return isInOrder ? missing : InOrder(missing);
    }

    private List<Digest> ReadUnusualAnswer(ReadOnlySpan<byte> message)
    {
        var missing = new List<Digest>();
        try
        {
            foreach (Reapi.Digest digest in Reapi.FindMissingBlobsResponse.Parser.ParseFrom(message).MissingBlobDigests)
                missing.Add(first.TryParseSibling(digest, out Digest parsed, out string? error) ? parsed : throw new InvalidDataException($"it answered with a digest that is none: {error}"));
        }
        catch (Exception exception) when (MalformedMessage.IsReason(exception))
        {
            throw new InvalidDataException("its answer is no FindMissingBlobsResponse", exception);
        }

        return InOrder(missing);
    }

    private List<Digest> InOrder(List<Digest> missing)
    {
        var all = new HashSet<Digest>(missing);
        return [.. batch.Where(all.Remove)];
    }
}
