using System.IO.Compression;
using RemoteExec.Cas.Compression;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Conformance.Tests.Compression;

/// <summary>What the tests of compression share.</summary>
internal static class Compressed
{
    public static TheoryData<Compressor> Compressors { get; } = [Compressor.Zstd, Compressor.Deflate, Compressor.Brotli];

    /// <summary>A blob that can be compressed to about a half.</summary>
    public static TestBlob Blob(int seed, int length)
    {
        byte[] content = TestBlob.Random(seed, length).Content;
        for (int i = 0; i < content.Length; i++)
            content[i] &= 0x0f;
        return TestBlob.Of(content);
    }

    public static async Task<byte[]> CompressAsync(Compressor compressor, byte[] content) =>
        await BlobCompression.CompressAsync(compressor, content, CasServer.Token);

    /// <summary>Decompresses with what the framework has, or for zstd, which it has not, with ours, which has tests of its own.</summary>
    public static async Task<byte[]> DecompressAsync(Compressor compressor, byte[] compressed)
    {
        using var source = new MemoryStream(compressed);
        await using Stream decoder = compressor switch
        {
            Compressor.Deflate => new DeflateStream(source, CompressionMode.Decompress),
            Compressor.Brotli => new BrotliStream(source, CompressionMode.Decompress),
            _ => BlobCompression.Decode(compressor, source),
        };
        using var content = new MemoryStream();
        await decoder.CopyToAsync(content, CasServer.Token);
        return content.ToArray();
    }
}
