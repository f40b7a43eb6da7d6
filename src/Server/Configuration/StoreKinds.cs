namespace RemoteExec.Server.Configuration;

/// <summary>The kinds of stores that a configuration can name.</summary>
internal static class StoreKinds
{
    /// <summary>The options of each kind.</summary>
    public static IReadOnlyDictionary<string, Type> All { get; } = new Dictionary<string, Type>(StringComparer.OrdinalIgnoreCase)
    {
        ["segments"] = typeof(SegmentsOptions),
        ["memory"] = typeof(MemoryOptions),
        ["remote"] = typeof(RemoteOptions),
        ["redis"] = typeof(RedisOptions),
        ["s3"] = typeof(S3Options),
        ["fastSlow"] = typeof(FastSlowOptions),
        ["shard"] = typeof(ShardOptions),
        ["mirror"] = typeof(MirrorOptions),
        ["fallback"] = typeof(FallbackOptions),
        ["sizeSplit"] = typeof(SizeSplitOptions),
        ["existenceCache"] = typeof(ExistenceCacheOptions),
        ["readOnly"] = typeof(ReadOnlyOptions),
        ["verify"] = typeof(VerifyOptions),
        ["retry"] = typeof(RetryOptions),
        ["meter"] = typeof(MeterOptions),
    };
}
