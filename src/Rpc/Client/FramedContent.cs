using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace RemoteExec.Rpc.Client;

/// <summary>The body of a call with a single request message.</summary>
internal static class FramedContent
{
    private const int PrefixLength = 5;

    public static HttpContent Of(IMessage message)
    {
        int length = message.CalculateSize();
        var frame = new byte[PrefixLength + length];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)length);
        message.WriteTo(frame.AsSpan(PrefixLength));
        return new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
    }
}
