namespace RemoteExec.Redis;

/// <summary>Where a Redis is, and how it is spoken to.</summary>
public sealed record RedisConnectionOptions
{
    /// <summary>Some of its servers, <c>host:port</c>: those of a cluster tell of the others, those of a sentinel topology are the sentinels.</summary>
    public required IReadOnlyList<string> Endpoints { get; init; }

    /// <summary>How it is deployed.</summary>
    public RedisTopology Topology { get; init; } = RedisTopology.Standalone;

    /// <summary>What the sentinels call the primary. Used with <see cref="RedisTopology.Sentinel"/> only.</summary>
    public string ServiceName { get; init; } = "mymaster";

    /// <summary>Whether servers, and sentinels, are spoken to by TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>The authorities that are trusted, a PEM file; null for those of the system.</summary>
    public string? CaFile { get; init; }

    /// <summary>The name that every certificate must have; null for the host that was connected to.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>
    /// Reads the password of the <c>default</c> user, each time a connection is made; null if there is none. The client library sends a password alone, so no other user can be logged in.
    /// Sentinels are asked without one.
    /// </summary>
    public Func<string>? Password { get; init; }

    /// <summary>The database; a cluster has only 0.</summary>
    public int Database { get; init; }

    /// <summary>How long a connection may take to come about.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an answer may take.</summary>
    public TimeSpan OperationTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
