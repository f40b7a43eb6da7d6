using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Rpc.Tests;

/// <summary>A request made by hand, to send what a proper client would not.</summary>
internal static class RawHttp
{
    public sealed record Answer(HttpStatusCode Http, RpcMetadata Headers, RpcMetadata Trailers, byte[] Body)
    {
        /// <summary>The gRPC status, from wherever it is.</summary>
        public RpcStatus Status => RemoteExec.Rpc.Framing.Trailers.Decode(IsTrailersOnly ? Headers : Trailers);

        public bool IsTrailersOnly => Headers.Get("grpc-status") is not null;
    }

    public static byte[] Frame(byte[] message, byte flags = 0)
    {
        byte[] frame = [flags, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), (uint)message.Length);
        return frame;
    }

    public static byte[] Frame(IMessage message) => Frame(message.ToByteArray());

    public static byte[] Gzip(byte[] data)
    {
        using var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionMode.Compress))
            gzip.Write(data);
        return output.ToArray();
    }

    public static async Task<Answer> PostAsync(
        Uri server, string path, byte[] body, string? contentType = "application/grpc", Version? version = null, params (string Key, string Value)[] headers)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, path))
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        if (contentType is not null)
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        foreach ((string key, string value) in headers)
            request.Headers.TryAddWithoutValidation(key, value);
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        byte[] answer = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return new Answer(response.StatusCode, ToMetadata(response.Headers), ToMetadata(response.TrailingHeaders), answer);
    }

    private static RpcMetadata ToMetadata(HttpResponseHeaders headers)
    {
        var metadata = new RpcMetadata();
        foreach ((string key, HeaderStringValues values) in headers.NonValidated)
            metadata.Add(key, values.ToString());
        return metadata;
    }
}
