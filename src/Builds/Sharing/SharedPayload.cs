using Google.Protobuf;
using RemoteExec.Cas.Compression;
using RemoteExec.Protocol.Wire;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Builds.Sharing;

/// <summary>Batches as they lie in a stream: a version, a compressor, and the message, compressed.</summary>
internal static class SharedPayload
{
    private const byte Version = 1;
    private const int HeaderBytes = 2;
    private const int MostBytes = 256 << 20;
    private const int MostToOne = 1000; // no message of ours shrinks to less than a thousandth

    /// <summary>Encodes an encoded message.</summary>
    public static async ValueTask<byte[]> PackAsync(byte[] message, CancellationToken cancellationToken)
    {
        Compressor compressor = BlobCompression.Supported[0];
        return [Version, (byte)compressor, .. await BlobCompression.CompressAsync(compressor, message, cancellationToken)];
    }

    /// <summary>Decodes a message; null for what another version has written, or what is damaged.</summary>
    public static async ValueTask<T?> UnpackAsync<T>(byte[] payload, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        if (payload is not [Version, var compressor, ..] || !BlobCompression.Supported.Contains((Compressor)compressor))
            return null;
        try
        {
            using var compressed = new MemoryStream(payload, HeaderBytes, payload.Length - HeaderBytes);
            await using Stream decoder = BlobCompression.Decode((Compressor)compressor, compressed);
            using var message = new MemoryStream();
            byte[] buffer = new byte[Math.Min(64 * 1024, payload.Length * 4)];
            long most = Math.Min(MostBytes, (long)payload.Length * MostToOne);
            for (int read; (read = await decoder.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                message.Write(buffer, 0, read);
                if (message.Length > most)
                    return null;
            }

            return parser.ParseFrom(message.GetBuffer(), 0, (int)message.Length);
        }
        catch (Exception exception) when (exception is InvalidDataException || MalformedMessage.IsReason(exception))
        {
            return null;
        }
    }
}
