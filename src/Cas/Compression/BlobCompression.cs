using System.Buffers;
using System.IO.Compression;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Cas.Compression;

/// <summary>The compressors of the API (CAP-06): what is offered, and streams that compress and decompress.</summary>
public static class BlobCompression
{
    /// <summary>The compressors besides identity, the preferred one first.</summary>
    public static IReadOnlyList<Compressor> Supported { get; } =
        ZstdLibrary.IsAvailable ? [Compressor.Zstd, Compressor.Deflate, Compressor.Brotli] : [Compressor.Deflate, Compressor.Brotli];

    /// <summary>A stream of what a compressed one contains, to be read asynchronously. Damaged data shows as <see cref="InvalidDataException"/>.</summary>
    /// <param name="compressor">A supported one.</param>
    /// <param name="compressed">The compressed stream; stays open. What is behind the compressed data may be read or not.</param>
    /// <param name="reserveAsync">Is asked for the memory that this takes, in bytes; null for who need not ask.</param>
    public static Stream Decode(Compressor compressor, Stream compressed, Func<long, ValueTask>? reserveAsync = null) => compressor switch
    {
        Compressor.Zstd => new ZstdDecodeStream(compressed, reserveAsync),
        Compressor.Deflate => new DeflateStream(compressed, CompressionMode.Decompress, leaveOpen: true),
        Compressor.Brotli => new BrotliDecodeStream(compressed),
        _ => throw new ArgumentOutOfRangeException(nameof(compressor), compressor, "not supported"),
    };

    /// <summary>A stream that compresses what is written to it, asynchronously. Disposing it asynchronously ends the compressed data.</summary>
    /// <param name="compressor">A supported one.</param>
    /// <param name="destination">Where the compressed data goes; stays open.</param>
    public static Stream Encode(Compressor compressor, Stream destination) => compressor switch
    {
        Compressor.Zstd => new ZstdEncodeStream(destination),
        Compressor.Deflate => new DeflateStream(destination, CompressionLevel.Fastest, leaveOpen: true),
        Compressor.Brotli => new BrotliStream(destination, CompressionLevel.Fastest, leaveOpen: true),
        _ => throw new ArgumentOutOfRangeException(nameof(compressor), compressor, "not supported"),
    };

    /// <summary>Compresses content that is at hand.</summary>
    public static async ValueTask<byte[]> CompressAsync(Compressor compressor, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        using var result = new MemoryStream();
        await using (Stream encoder = Encode(compressor, result))
            await encoder.WriteAsync(content, cancellationToken);
        return result.ToArray();
    }

    /// <summary>Decompresses content that is at hand.</summary>
    /// <param name="compressor">A supported one.</param>
    /// <param name="compressed">The compressed data.</param>
    /// <param name="length">The length of what it contains, in bytes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="InvalidDataException">It is damaged, or contains another number of bytes.</exception>
    public static async ValueTask<byte[]> DecompressAsync(
        Compressor compressor, ReadOnlyMemory<byte> compressed, int length, CancellationToken cancellationToken)
    {
        var content = new byte[length];
        await using var source = new MemoryReadStream(compressed);
        await using Stream decoder = Decode(compressor, source);
        int read = await decoder.ReadAtLeastAsync(content, length, throwOnEndOfStream: false, cancellationToken);
        byte[] beyond = new byte[1];
        if (read < length || await decoder.ReadAsync(beyond, cancellationToken) != 0)
            throw new InvalidDataException($"the compressed data does not contain {length} bytes, but {(read < length ? "fewer" : "more")}");
        return source.IsAtEnd ? content : throw new InvalidDataException("something follows the compressed data");
    }

    /// <summary>Compresses a blob from where its reader stands to its end, unless it is stored compressed.</summary>
    public static async Task CompressAsync(Compressor compressor, BlobReader blob, Stream destination, CancellationToken cancellationToken)
    {
        const int BufferBytes = 64 * 1024;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            if (compressor == Compressor.Zstd && blob.ZstdLength is not null)
            {
                for (int stored; (stored = await blob.ReadZstdAsync(buffer, cancellationToken)) > 0;)
                    await destination.WriteAsync(buffer.AsMemory(0, stored), cancellationToken);
                return;
            }

            await using Stream encoder = Encode(compressor, destination);
            for (int read; (read = await blob.ReadAsync(buffer, cancellationToken)) > 0;)
                await encoder.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
