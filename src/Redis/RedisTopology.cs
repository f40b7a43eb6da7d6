namespace RemoteExec.Redis;

/// <summary>How a Redis is deployed.</summary>
public enum RedisTopology
{
    /// <summary>One server, or a primary that clients are told by address.</summary>
    Standalone,

    /// <summary>Sentinels say which server is the primary.</summary>
    Sentinel,

    /// <summary>Keys are spread over several primaries by slot.</summary>
    Cluster,
}
