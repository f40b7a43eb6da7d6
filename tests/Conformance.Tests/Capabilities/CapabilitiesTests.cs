using Build.Bazel.Semver;
using RemoteExec.Cas.Services;
using RemoteExec.Protocol;
using RemoteExec.Rpc;
using RemoteExec.TestKit;
using Compressor = Build.Bazel.Remote.Execution.V2.Compressor.Types.Value;
using Wire = Build.Bazel.Remote.Execution.V2.DigestFunction.Types.Value;

namespace RemoteExec.Conformance.Tests.Capabilities;

public sealed class CapabilitiesTests
{
    private static async Task<Reapi.ServerCapabilities> AskAsync(ServerFeatures features, string instance = "")
    {
        await using InProcessServer server = await InProcessServer.StartAsync(new CapabilitiesService(features).ToRpcService());
        return await server.Channel.UnaryAsync<Reapi.GetCapabilitiesRequest, Reapi.ServerCapabilities>(
            "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities",
            new Reapi.GetCapabilitiesRequest { InstanceName = instance }, TestContext.Current.CancellationToken);
    }

    [Theory]
    [Rule("CAP-01")]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Only_what_is_served_is_told(bool cache, bool execution)
    {
        Reapi.ServerCapabilities answer = await AskAsync(new ServerFeatures { Cache = cache, Execution = execution });

        Assert.Equal(cache, answer.CacheCapabilities is not null);
        Assert.Equal(execution, answer.ExecutionCapabilities is not null);
    }

    [Fact]
    [Rule("CAP-02")]
    [Rule("Q-18")]
    public async Task Versions_are_told_and_begin_at_2_0_for_old_clients()
    {
        Reapi.ServerCapabilities answer = await AskAsync(new ServerFeatures());

        Assert.Equal(new SemVer { Major = 2 }, answer.LowApiVersion);
        Assert.Equal(new SemVer { Major = 2, Minor = 12 }, answer.HighApiVersion);
        Assert.Null(answer.DeprecatedApiVersion);
    }

    [Fact]
    [Rule("CAP-03")]
    [Rule("CAP-06")]
    [Rule("CAS-37")]
    [Rule("SYM-03")]
    [Rule("DIG-05")]
    [Rule("Q-18")]
    [Rule("Q-41")]
    public async Task The_cache_tells_its_limits_and_nothing_that_it_does_not_do()
    {
        var features = new ServerFeatures { Limits = new CasLimits { MaxBlobBytes = 12345 }, CachePriorities = (-5, 5) };

        Reapi.CacheCapabilities cache = (await AskAsync(features)).CacheCapabilities;

        Assert.Equal([Wire.Sha256, Wire.Sha1, Wire.Md5, Wire.Sha384, Wire.Sha512], cache.DigestFunctions.Take(5));
        Assert.DoesNotContain(Wire.Unknown, cache.DigestFunctions);
        Assert.True(cache.ActionCacheUpdateCapabilities.UpdateEnabled);
        Assert.Equal(new Reapi.PriorityCapabilities.Types.PriorityRange { MinPriority = -5, MaxPriority = 5 }, Assert.Single(cache.CachePriorityCapabilities.Priorities));
        Assert.Equal(features.Limits.MaxBatchTotalBytes, cache.MaxBatchTotalSizeBytes);
        Assert.InRange(cache.MaxBatchTotalSizeBytes, 1, (4 * 1024 * 1024) - 1);
        Assert.Equal(12345, cache.MaxCasBlobSizeBytes);
        Assert.Equal(Reapi.SymlinkAbsolutePathStrategy.Types.Value.Allowed, cache.SymlinkAbsolutePathStrategy);
        Assert.Equal([Compressor.Zstd, Compressor.Deflate, Compressor.Brotli], cache.SupportedCompressors);
        Assert.Equal(cache.SupportedCompressors, cache.SupportedBatchUpdateCompressors);
        Assert.True(cache.SplitBlobSupport);
        Assert.True(cache.SpliceBlobSupport);
        Assert.Equal(new Reapi.FastCdc2020Params { AvgChunkSizeBytes = 524_288, Seed = 0 }, cache.FastCdc2020Params);
        Assert.Equal(new Reapi.RepMaxCdcParams { MinChunkSizeBytes = 262_144, HorizonSizeBytes = 2_097_152 }, cache.RepMaxCdcParams);
    }

    [Fact]
    [Rule("CAP-03")]
    [Rule("SYM-02")]
    public async Task A_server_that_takes_no_updates_and_no_absolute_symlinks_says_so()
    {
        Reapi.CacheCapabilities cache = (await AskAsync(new ServerFeatures { ActionCacheUpdate = false, AbsoluteSymlinks = false })).CacheCapabilities;

        Assert.False(cache.ActionCacheUpdateCapabilities.UpdateEnabled);
        Assert.Equal(Reapi.SymlinkAbsolutePathStrategy.Types.Value.Disallowed, cache.SymlinkAbsolutePathStrategy);
        Assert.Null(cache.CachePriorityCapabilities);
    }

    [Fact]
    [Rule("CAP-04")]
    [Rule("CAP-05")]
    [Rule("Q-18")]
    public async Task Execution_tells_its_functions_priorities_and_node_properties()
    {
        var features = new ServerFeatures
        {
            Execution = true,
            DigestFunctions = [DigestFunction.Sha1, DigestFunction.Sha256],
            ExecutionPriorities = (-100, 200),
            NodeProperties = ["mtime", "unix_mode"],
        };

        Reapi.ExecutionCapabilities execution = (await AskAsync(features)).ExecutionCapabilities;

        Assert.True(execution.ExecEnabled);
        Assert.Equal(Wire.Sha1, execution.DigestFunction);
        Assert.Equal([Wire.Sha1, Wire.Sha256], execution.DigestFunctions);
        Assert.Equal(
            new Reapi.PriorityCapabilities.Types.PriorityRange { MinPriority = -100, MaxPriority = 200 }, Assert.Single(execution.ExecutionPriorityCapabilities.Priorities));
        Assert.Equal(["mtime", "unix_mode"], execution.SupportedNodeProperties);
    }

    [Fact]
    [Rule("GEN-03")]
    [Rule("GEN-04")]
    public async Task Any_instance_is_answered_but_a_malformed_one()
    {
        Assert.NotNull((await AskAsync(new ServerFeatures(), "some/instance")).CacheCapabilities);
        await CasServer.AssertRefusedAsync(StatusCode.InvalidArgument, AskAsync(new ServerFeatures(), "some/capabilities"));
    }
}
