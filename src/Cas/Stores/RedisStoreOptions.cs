namespace RemoteExec.Cas.Stores;

/// <summary>The settings of a <see cref="RedisStore"/>.</summary>
public sealed record RedisStoreOptions
{
    /// <summary>What messages call the store.</summary>
    public required string Name { get; init; }

    /// <summary>What every key begins with.</summary>
    public string KeyPrefix { get; init; } = "";

    /// <summary>The longest value that is taken, in bytes: Redis serves one command after the other, and a long value holds up all others.</summary>
    public int MaxValueBytes { get; init; } = 1024 * 1024;

    /// <summary>How long a value stays; null if until Redis evicts it.</summary>
    public TimeSpan? TimeToLive { get; init; }
}
