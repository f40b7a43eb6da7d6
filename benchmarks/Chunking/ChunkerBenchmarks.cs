using BenchmarkDotNet.Attributes;
using RemoteExec.Cas.Chunking;
using ChunkingFunction = Build.Bazel.Remote.Execution.V2.ChunkingFunction.Types.Value;

namespace RemoteExec.Benchmarks.Chunking;

/// <summary>What finding the ends of chunks costs, without hashing them.</summary>
[MemoryDiagnoser]
public class ChunkerBenchmarks
{
    private const int BlobBytes = 16 * 1024 * 1024;
    private readonly List<int> lengths = [];
    private byte[] content = null!;
    private IChunker chunker = null!;

    /// <summary>Which of the two.</summary>
    [Params(ChunkingFunction.FastCdc2020, ChunkingFunction.RepMaxCdc)]
    public ChunkingFunction Function { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        content = new byte[BlobBytes];
        new Random(1).NextBytes(content);
        chunker = Chunkers.Of(Function);
    }

    /// <summary>A blob of 16 MiB.</summary>
    [Benchmark]
    public int Cut16MiB()
    {
        lengths.Clear();
        int start = 0;
        for (int counted = 0; start < content.Length;)
        {
            chunker.Cut(content.AsSpan(start), lengths);
            for (; counted < lengths.Count; counted++)
                start += lengths[counted];
        }

        return lengths.Count;
    }
}
