using System.IO.Compression;
using System.IO.Pipelines;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Fuzz.Tests.Targets;

/// <summary>gRPC: frames, timeouts, trailers.</summary>
internal static class RpcTargets
{
    private const int MaxMessageBytes = 1 << 16;

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("grpc-frames", [Frames([1, 2, 3]), Frames([], [4, 5], new byte[300]), Frames(true, new byte[5000])], bytes =>
        {
            ReadFrames(bytes, gzip: false);
            ReadFrames(bytes, gzip: true);
        }),
        FuzzTargets.OfText(
            "grpc-timeout",
            text =>
            {
                if (RpcTimeout.TryParse(text, out TimeSpan timeout))
                    Assert.InRange(timeout, TimeSpan.Zero, TimeSpan.FromHours(99_999_999));
            },
            "1S", "99999999H", "250m", "0n", "12M", "5u"),
        FuzzTargets.OfText(
            "grpc-trailers",
            text =>
            {
                string[] values = [.. text.Split('|'), "", ""];
                var trailers = new RpcMetadata { { Trailers.Status, values[0] }, { Trailers.Message, values[1] }, { Trailers.Details, values[2] } };
                RpcStatus status = Trailers.Decode(trailers);
                Assert.Equal(status.Message, Trailers.PercentDecode(Trailers.PercentEncode(status.Message)));
            },
            "0", "5|not%20found|", "3|b%C3%A4d|CAMSA2JhZA", "16||CAMSA2JhZBoMCgN0eXASBQECAwQF"),
    ];

    private static void ReadFrames(byte[] bytes, bool gzip)
    {
        var pipe = new Pipe(new PipeOptions(minimumSegmentSize: 16, pauseWriterThreshold: 0, useSynchronizationContext: false));
        for (int at = 0, count; at < bytes.Length; at += count)
        {
            count = Math.Min(bytes.Length - at, 1 + (at % 7 * 50));
            Assert.True(pipe.Writer.WriteAsync(bytes.AsMemory(at, count)).IsCompleted);
        }

        pipe.Writer.Complete();
        var reader = new MessageReader(pipe.Reader, MaxMessageBytes, gzip);
        try
        {
            while (FuzzTargets.Now(reader.MoveNextAsync(CancellationToken.None)))
                Assert.InRange(reader.Current.Length, 0, MaxMessageBytes + (64 * 1024)); // inflating stops at the buffer that goes beyond
        }
        catch (RpcException refusal) when (refusal.Status.Code is StatusCode.Internal or StatusCode.ResourceExhausted)
        {
            // As documented.
        }
    }

    private static byte[] Frames(params byte[][] messages) => Frames(false, messages);

    private static byte[] Frames(bool compress, params byte[][] messages)
    {
        using var output = new MemoryStream();
        foreach (byte[] message in messages)
        {
            byte[] body = compress ? Gzip(message) : message;
            output.Write([compress ? (byte)1 : (byte)0, 0, 0, (byte)(body.Length >> 8), (byte)body.Length]);
            output.Write(body);
        }

        return output.ToArray();
    }

    private static byte[] Gzip(byte[] content)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
            gzip.Write(content);
        return output.ToArray();
    }
}
