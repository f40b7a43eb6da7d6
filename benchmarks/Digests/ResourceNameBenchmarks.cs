using BenchmarkDotNet.Attributes;
using RemoteExec.Protocol;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;

namespace RemoteExec.Benchmarks.Digests;

/// <summary>What every ByteStream call pays for its resource name.</summary>
[MemoryDiagnoser]
public class ResourceNameBenchmarks
{
    private const string Upload = "4b4a2d5c-9d5b-4c1e-8a55-7a0c6f3d2b1e";
    private readonly Digest digest = IncrementalHasher.Compute(default, DigestFunction.Sha256, "a blob"u8);
    private readonly Digest digestOfInstance = IncrementalHasher.Compute(InstanceName.Parse("main/linux"), DigestFunction.Sha256, "a blob"u8);
    private string read = null!;
    private string readOfInstance = null!;
    private string readCompressed = null!;
    private string write = null!;
    private string writeOfInstance = null!;
    private string writeCompressed = null!;

    [GlobalSetup]
    public void Prepare()
    {
        read = FormatRead();
        readOfInstance = ResourceName.FormatRead(digestOfInstance);
        readCompressed = ResourceName.FormatRead(digest, Compressor.Zstd);
        write = FormatWrite();
        writeOfInstance = ResourceName.FormatWrite(digestOfInstance, Upload);
        writeCompressed = ResourceName.FormatWrite(digest, Upload, Compressor.Zstd);
    }

    [Benchmark]
    public ResourceName Read() => ParseRead(read);

    [Benchmark]
    public ResourceName ReadOfInstance() => ParseRead(readOfInstance);

    [Benchmark]
    public ResourceName ReadCompressed() => ParseRead(readCompressed);

    [Benchmark]
    public ResourceName Write() => ParseWrite(write);

    [Benchmark]
    public ResourceName WriteOfInstance() => ParseWrite(writeOfInstance);

    [Benchmark]
    public ResourceName WriteCompressed() => ParseWrite(writeCompressed);

    [Benchmark]
    public string FormatRead() => ResourceName.FormatRead(digest);

    [Benchmark]
    public string FormatWrite() => ResourceName.FormatWrite(digest, Upload);

    private static ResourceName ParseRead(string text) =>
        ResourceName.TryParseRead(text, out ResourceName name, out string? error) ? name : throw new InvalidOperationException(error);

    private static ResourceName ParseWrite(string text) =>
        ResourceName.TryParseWrite(text, out ResourceName name, out string? error) ? name : throw new InvalidOperationException(error);
}
