using System.Buffers;
using RemoteExec.Cas.Frames;
using RemoteExec.Protocol;
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

    /// <summary>Writes the field of the response, all but the digest's message.</summary>
    public void WriteStart(IBufferWriter<byte> output, int digestLength)
    {
        ProtoWriter.WriteVarint(output, ResponseTag);
        ProtoWriter.WriteVarint(output, (ulong)LengthWith(digestLength));
        ProtoWriter.WriteVarint(output, DigestTag);
        ProtoWriter.WriteVarint(output, (ulong)digestLength);
    }

    /// <summary>Writes what stands behind the digest's message.</summary>
    public void WriteEnd(IBufferWriter<byte> output)
    {
        if (!Data.IsEmpty)
            ProtoWriter.WriteBytes(output, DataTag, Data.Span);
        ProtoWriter.WriteBytes(output, StatusTag, Failure);
        if (Compressor == Compressor.Identity)
            return;
        ProtoWriter.WriteVarint(output, CompressorTag);
        ProtoWriter.WriteVarint(output, (ulong)Compressor);
    }

    private int LengthWith(int digestLength) =>
        ProtoWriter.LengthOfBytes(digestLength)
        + (Data.IsEmpty ? 0 : ProtoWriter.LengthOfBytes(Data.Length))
        + ProtoWriter.LengthOfBytes(Failure?.Length ?? 0)
        + (Compressor == Compressor.Identity ? 0 : 1 + Varint.LengthOf((ulong)Compressor));
}
