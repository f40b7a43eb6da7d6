using BenchmarkDotNet.Attributes;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Digests;

/// <summary>What it costs to compute a digest: an upload costs no less.</summary>
[MemoryDiagnoser]
public class HashingBenchmarks
{
    private const int Piece = 64 * 1024;
    private byte[] content = null!;

    /// <summary>How: as Bazel does by default, and as it can be told to.</summary>
    [Params(DigestFunction.Sha256, DigestFunction.Blake3)]
    public DigestFunction Function { get; set; }

    /// <summary>The size of the blob.</summary>
    [Params(1024, 64 * 1024, 1024 * 1024)]
    public int BlobBytes { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        content = new byte[BlobBytes];
        new Random(1).NextBytes(content);
        if (AtOnce() != InPieces())
            throw new InvalidOperationException("the pieces make another blob");
    }

    [Benchmark]
    public Digest AtOnce() => IncrementalHasher.Compute(default, Function, content);

    /// <summary>As uploads of several messages are hashed.</summary>
    [Benchmark]
    public Digest InPieces()
    {
        using var hasher = new IncrementalHasher(Function, content.Length);
        for (int i = 0; i < content.Length; i += Piece)
            hasher.Append(content.AsSpan(i, Math.Min(Piece, content.Length - i)));
        return hasher.Finish(default(InstanceName));
    }
}
