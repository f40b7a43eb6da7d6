using BenchmarkDotNet.Attributes;
using RemoteExec.Protocol;

namespace RemoteExec.Benchmarks.Digests;

/// <summary>What every digest of a request or an answer costs on its way between the wire and the stores.</summary>
[MemoryDiagnoser]
public class DigestBenchmarks
{
    private readonly InstanceName instance = InstanceName.Parse("main");
    private Digest digest;
    private Reapi.Digest message = null!;
    private string hash = null!;

    [GlobalSetup]
    public void Prepare()
    {
        digest = IncrementalHasher.Compute(instance, DigestFunction.Sha256, "a blob"u8);
        message = digest.ToProto();
        hash = digest.Hash;
        if (Parse() != digest || ParseInferred() != digest || ParseMessage() != digest || ParseSibling() != digest)
            throw new InvalidOperationException("a digest is not what it was");
    }

    /// <summary>A hash whose function was stated.</summary>
    [Benchmark]
    public Digest Parse() => Require(Digest.TryParse(instance, DigestFunction.Sha256, hash, digest.SizeBytes, out Digest result, out _), result);

    /// <summary>A hash whose length tells the function: what Bazel sends.</summary>
    [Benchmark]
    public Digest ParseInferred() => Require(Digest.TryParse(instance, DigestFunction.Unknown, hash, digest.SizeBytes, out Digest result, out _), result);

    /// <summary>The digest of a request.</summary>
    [Benchmark]
    public Digest ParseMessage() => Require(Digest.TryParse(instance, DigestFunction.Unknown, message, out Digest result, out _), result);

    /// <summary>A digest inside of a blob: of a file in a directory, of an action's command.</summary>
    [Benchmark]
    public Digest ParseSibling() => Require(digest.TryParseSibling(message, out Digest result, out _), result);

    /// <summary>A digest of an answer.</summary>
    [Benchmark]
    public object ToMessage() => digest.ToProto();

    /// <summary>A digest of a sentence for people.</summary>
    [Benchmark]
    public string Format() => digest.ToString();

    [Benchmark]
    public int HashCode() => digest.GetHashCode();

    private static Digest Require(bool parsed, in Digest result) => parsed ? result : throw new InvalidOperationException("a good digest was refused");
}
