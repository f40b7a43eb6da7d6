namespace RemoteExec.Worker.Inputs;

/// <summary>What a cache holds, and what came of what actions asked it for since the worker has started.</summary>
internal record struct CacheStatistics
{
    /// <summary>How many files or trees there are.</summary>
    public long Entries { get; set; }

    /// <summary>Their bytes; of trees only what are no links to cached files.</summary>
    public long Bytes { get; set; }

    /// <summary>How often there was what an action wanted, or it was on its way.</summary>
    public long Hits { get; set; }

    /// <summary>How often there was not.</summary>
    public long Misses { get; set; }

    /// <summary>How many went to make room.</summary>
    public long Evictions { get; set; }

    /// <summary>The bytes that were fetched ahead and then wanted by an action.</summary>
    public long AheadUsedBytes { get; set; }

    /// <summary>The bytes that were fetched ahead and went before any action wanted them.</summary>
    public long AheadUnusedBytes { get; set; }
}
