using System.Net.Http.Headers;
using Google.Protobuf;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Client;

/// <summary>The body of a call with a single request message.</summary>
internal static class FramedContent
{
    public static HttpContent Of(IMessage message)
    {
        int length = message.CalculateSize();
        var frame = new byte[MessagePrefix.Length + length];
        MessagePrefix.Write(frame, length);
        message.WriteTo(frame.AsSpan(MessagePrefix.Length));
        return Of(frame);
    }

    public static HttpContent Of(ReadOnlyMemory<byte> frame) =>
        new ReadOnlyMemoryContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
}
