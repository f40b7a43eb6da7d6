namespace RemoteExec.Rpc.Server.Limits;

/// <summary>What a server bears of connections, whoever makes them.</summary>
public sealed record ConnectionLimits
{
    /// <summary>How many there may be; further ones are closed at once.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>How many of them may come from one address.</summary>
    public int MaxPerAddress { get; init; } = 2_500;

    /// <summary>How long a peer may let the server wait for the rest of a message, or for room to answer.</summary>
    public TimeSpan StallTime { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How many streams of a connection may be under way.</summary>
    public int StreamsPerConnection { get; init; } = 1000;

    /// <summary>How many calls in a row a connection may break off; every second lets it break off another <see cref="ResetsPerSecond"/>.</summary>
    public int MaxResets { get; init; } = 5_000;

    /// <summary>See <see cref="MaxResets"/>.</summary>
    public int ResetsPerSecond { get; init; } = 500;
}
