namespace RemoteExec.Rpc.Client;

/// <summary>What one call differs in from the channel's other calls.</summary>
public sealed record RpcCallOptions
{
    /// <summary>No headers, no timeout.</summary>
    public static RpcCallOptions Default { get; } = new();

    /// <summary>Request headers.</summary>
    public RpcMetadata? Headers { get; init; }

    /// <summary>The time after which the call ends with DEADLINE_EXCEEDED; null for none.</summary>
    public TimeSpan? Timeout { get; init; }
}
