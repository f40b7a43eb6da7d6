using RemoteExec.Rpc;
using static RemoteExec.Probe.Conformance.Scenario;

namespace RemoteExec.Probe.Conformance;

/// <summary>What a server says of itself.</summary>
internal static class CapabilityChecks
{
    public static IReadOnlyList<Check> All { get; } =
    [
        Check.Must("CAP-01", "a server tells the parts that it serves", scenario =>
        {
            Require(scenario.Capabilities.CacheCapabilities is not null || scenario.Capabilities.ExecutionCapabilities is not null, "neither a cache nor execution is told");
            return Task.CompletedTask;
        }),
        Check.Must("CAP-02", "the versions of the API are told, the lowest first", scenario =>
        {
            (Build.Bazel.Semver.SemVer? low, Build.Bazel.Semver.SemVer? high) = (scenario.Capabilities.LowApiVersion, scenario.Capabilities.HighApiVersion);
            Require(low is not null && high is not null, "no versions: clients take that for 0.0, which they don't speak");
            Require((low!.Major, low.Minor).CompareTo((high!.Major, high.Minor)) <= 0 && high.Major >= 2, $"{low.Major}.{low.Minor} to {high.Major}.{high.Minor}");
            return Task.CompletedTask;
        }),
        Check.Must("CAP-03", "whether results may be updated is told, and no limit is negative", scenario =>
        {
            Require(scenario.Cache.ActionCacheUpdateCapabilities is not null, "action_cache_update_capabilities is not set");
            Require(scenario.Cache.MaxBatchTotalSizeBytes >= 0 && scenario.Cache.MaxCasBlobSizeBytes >= 0, "a limit is negative");
            return Task.CompletedTask;
        }),
        Check.Must("CAP-04", "the digest function of execution is one of those it lists", scenario =>
        {
            Reapi.ExecutionCapabilities? execution = scenario.Capabilities.ExecutionCapabilities;
            Need(execution is not null, "no execution is offered");
            Require(execution!.DigestFunctions.Count == 0 || execution.DigestFunctions.Contains(execution.DigestFunction), $"{execution.DigestFunction} is not among {string.Join(", ", execution.DigestFunctions)}");
            return Task.CompletedTask;
        }),
        Check.Must("CAP-05", "ranges of priorities begin with their lowest", scenario =>
        {
            var ranges = (scenario.Capabilities.CacheCapabilities?.CachePriorityCapabilities?.Priorities ?? []).Concat(scenario.Capabilities.ExecutionCapabilities?.ExecutionPriorityCapabilities?.Priorities ?? []).ToList();
            Need(ranges.Count > 0, "no priorities are told apart");
            Require(ranges.TrueForAll(range => range.MinPriority <= range.MaxPriority), "a range ends before it begins");
            return Task.CompletedTask;
        }),
        Check.Must("CAP-06", "compressors are those of the API", scenario =>
        {
            Reapi.Compressor.Types.Value[] strange = [.. scenario.Cache.SupportedCompressors.Concat(scenario.Cache.SupportedBatchUpdateCompressors).Where(compressor => !Enum.IsDefined(compressor))];
            Require(strange.Length == 0, $"unknown: {string.Join(", ", strange)}");
            return Task.CompletedTask;
        }),
        Check.Must("SYM-03", "what becomes of absolute targets of symlinks is told", scenario =>
        {
            Require(scenario.Cache.SymlinkAbsolutePathStrategy != Reapi.SymlinkAbsolutePathStrategy.Types.Value.Unknown, "symlink_absolute_path_strategy is UNKNOWN");
            return Task.CompletedTask;
        }),
        Check.Must("DIG-05", "digest functions are told, and UNKNOWN is none of them", scenario =>
        {
            Require(scenario.Cache.DigestFunctions.Count > 0, "no digest function is told");
            Require(!scenario.Cache.DigestFunctions.Contains(Reapi.DigestFunction.Types.Value.Unknown), "UNKNOWN is among them");
            return Task.CompletedTask;
        }),
        Check.Should("CAP-03", "a full batch fits into the 4 MiB that clients decode", scenario =>
        {
            Require(scenario.Cache.MaxBatchTotalSizeBytes is > 0 and <= 4 * 1024 * 1024, $"max_batch_total_size_bytes is {scenario.Cache.MaxBatchTotalSizeBytes}");
            return Task.CompletedTask;
        }),
        Check.Should("GEN-04", "a reserved word is no part of an instance name", scenario =>
        {
            ProbeBlob blob = scenario.NewBlob();
            return RefusesAsync(scenario.ClientOf("a/blobs/b").FindMissingAsync([blob.Wire], scenario.Token), StatusCode.InvalidArgument, StatusCode.PermissionDenied, StatusCode.NotFound);
        }),
        Check.Should("GEN-07", "a method that is not offered is UNIMPLEMENTED", scenario => RefusesAsync(scenario.CallUnknownMethodAsync(), StatusCode.Unimplemented)),
    ];
}
