using BenchmarkDotNet.Attributes;
using RemoteExec.Rpc;
using RemoteExec.Rpc.Framing;

namespace RemoteExec.Benchmarks.Framing;

/// <summary>What every call pays for its headers and trailers.</summary>
[MemoryDiagnoser]
public class HeaderBenchmarks
{
    private readonly RpcStatus missing = new(StatusCode.NotFound, "no action result for 0123456789abcdef/142");
    private readonly RpcMetadata metadata = [];

    [GlobalSetup]
    public void Prepare() => metadata.AddBinary("build.bazel.remote.execution.v2.requestmetadata-bin", new byte[200]);

    [Benchmark]
    public bool ParseTimeout() => RpcTimeout.TryParse("59999863u", out _);

    [Benchmark]
    public RpcMetadata EncodeMiss() => Trailers.Encode(missing);

    [Benchmark]
    public byte[]? DecodeBinary() => metadata.GetBinary("build.bazel.remote.execution.v2.requestmetadata-bin");
}
