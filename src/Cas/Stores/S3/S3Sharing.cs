using RemoteExec.Redis;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>Through what nodes share a prefix.</summary>
public sealed record S3Sharing
{
    /// <summary>The Redis that all of them use.</summary>
    public required RedisConnectionOptions Redis { get; init; }

    /// <summary>What every key begins with.</summary>
    public string KeyPrefix { get; init; } = "";
}
