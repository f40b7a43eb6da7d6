using RemoteExec.Cas.Frames;
using RemoteExec.Protocol.Wire;
using RemoteExec.Rpc;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Services;

/// <summary>What BatchReadBlobs answers for one blob: a <c>BatchReadBlobsResponse.Response</c> but for the digest.</summary>
/// <param name="Failure">Why there is no data; null if there is.</param>
/// <param name="Data">The blob, compressed by <paramref name="Compressor"/>.</param>
/// <param name="Compressor">How it is compressed.</param>
internal readonly record struct BatchReadAnswer(byte[]? Failure, ReadOnlyMemory<byte> Data, Compressor Compressor)
{
    private const byte ResponseTag = (1 << 3) | 2;
    private const byte DigestTag = (1 << 3) | 2;
    private const byte DataTag = (2 << 3) | 2;
    private const byte StatusTag = (3 << 3) | 2;
    private const byte CompressorTag = (4 << 3) | 0;

    /// <summary>An answer that says why there is no data.</summary>
    public static BatchReadAnswer Of(RpcStatus failure) => new(failure.ToGoogleRpcStatus(), default, Compressor.Identity);

    /// <summary>The length of the field of the response.</summary>
    /// <param name="digestLength">The length of the digest's message.</param>
    public int FieldLength(int digestLength) => ProtoWriter.LengthOfBytes(LengthWith(digestLength));

    /// <summary>Writes the field of the response as far as the digest's message, which the caller writes; returns its length.</summary>
    public int WriteStart(Span<byte> destination, int digestLength)
    {
        int length = ProtoWriter.WriteLength(destination, ResponseTag, LengthWith(digestLength));
        return length + ProtoWriter.WriteLength(destination[length..], DigestTag, digestLength);
    }

    /// <summary>Writes what stands behind the digest's message; returns its length.</summary>
    public int WriteEnd(Span<byte> destination)
    {
        int length = Data.IsEmpty ? 0 : ProtoWriter.WriteBytes(destination, DataTag, Data.Span);
        length += ProtoWriter.WriteBytes(destination[length..], StatusTag, Failure);
        if (Compressor == Compressor.Identity)
            return length;
        destination[length++] = CompressorTag;
        return length + Varint.Write(destination[length..], (ulong)Compressor);
    }

    private int LengthWith(int digestLength) =>
        ProtoWriter.LengthOfBytes(digestLength)
        + (Data.IsEmpty ? 0 : ProtoWriter.LengthOfBytes(Data.Length))
        + ProtoWriter.LengthOfBytes(Failure?.Length ?? 0)
        + (Compressor == Compressor.Identity ? 0 : 1 + Varint.LengthOf((ulong)Compressor));
}
