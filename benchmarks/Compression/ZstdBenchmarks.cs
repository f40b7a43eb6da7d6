using BenchmarkDotNet.Attributes;
using RemoteExec.Cas.Compression;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Benchmarks.Compression;

/// <summary>The streams of zstd, against libzstd given all at once, on 8 MiB of a program's code.</summary>
[MemoryDiagnoser]
public class ZstdBenchmarks
{
    private const int Bytes = 8 * 1024 * 1024;
    private const int Piece = 64 * 1024;

    private readonly byte[] content = new byte[Bytes];
    private readonly byte[] output = new byte[Bytes];
    private readonly byte[] compressed = new byte[PlainZstd.Bound(Bytes)];
    private int compressedLength;

    [GlobalSetup]
    public void Prepare()
    {
        using (FileStream code = File.OpenRead(typeof(object).Assembly.Location))
            code.ReadExactly(content);
        compressedLength = PlainZstd.Compress(compressed, content, level: 1);
        Decompress();
        if (!output.AsSpan().SequenceEqual(content))
            throw new InvalidOperationException("it was not decompressed to what was compressed");
    }

    /// <summary>Our stream, in pieces as uploads and reads come.</summary>
    [Benchmark]
    public async Task<long> CompressingStream()
    {
        using var destination = new MemoryStream(compressed);
        await using (Stream encoder = BlobCompression.Encode(Compressor.Zstd, destination))
        {
            for (int i = 0; i < Bytes; i += Piece)
                await encoder.WriteAsync(content.AsMemory(i, Piece));
        }

        compressedLength = (int)destination.Position;
        return destination.Position;
    }

    /// <summary>The library by itself.</summary>
    [Benchmark]
    public int CompressLevel1() => compressedLength = PlainZstd.Compress(compressed, content, level: 1);

    /// <inheritdoc cref="CompressLevel1"/>
    [Benchmark]
    public int CompressLevel3() => compressedLength = PlainZstd.Compress(compressed, content, level: 3);

    /// <summary>Our stream.</summary>
    [Benchmark]
    public async Task<int> DecompressingStream()
    {
        using var source = new MemoryStream(compressed, 0, compressedLength);
        await using Stream decoder = BlobCompression.Decode(Compressor.Zstd, source);
        int filled = 0;
        for (int read; (read = await decoder.ReadAsync(output.AsMemory(filled, Math.Min(Piece, Bytes - filled)))) > 0;)
            filled += read;
        return filled == Bytes ? filled : throw new InvalidOperationException("it was not decompressed");
    }

    /// <summary>The library by itself.</summary>
    [Benchmark]
    public int Decompress() => PlainZstd.Decompress(output, compressed.AsSpan(0, compressedLength));
}
