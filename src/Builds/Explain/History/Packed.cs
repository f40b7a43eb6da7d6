using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RemoteExec.Builds.Explain.History;

/// <summary>Values as they lie in the file: compressed, as there are very many of them.</summary>
internal static class Packed
{
    private const int Quality = 3;
    private const int Window = 18;

    /// <summary>Compresses bytes; null if that makes more than so many.</summary>
    public static byte[]? Compress(ReadOnlySpan<byte> content, int maxBytes)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(content.Length));
        try
        {
            if (!BrotliEncoder.TryCompress(content, buffer, out int written, Quality, Window))
                throw new InvalidOperationException("a buffer of the greatest length was too short");
            return written <= maxBytes ? buffer[..written] : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What <see cref="Compress"/> was given.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    public static byte[] Decompress(byte[] packed)
    {
        using var source = new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var content = new MemoryStream();
        source.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>A value as compressed JSON.</summary>
    public static byte[] ToJson<T>(T value, JsonTypeInfo<T> type) => Compress(JsonSerializer.SerializeToUtf8Bytes(value, type), int.MaxValue)!;

    /// <summary>The value that compressed JSON is of.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged.</exception>
    /// <exception cref="JsonException">They are no such value.</exception>
    public static T FromJson<T>(byte[] packed, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Decompress(packed), type)!;
}
