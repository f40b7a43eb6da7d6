namespace RemoteExec.Redis;

/// <summary>Redis can't be reached, or does not do what it is asked for; the same call may succeed later.</summary>
/// <param name="reason">What happened.</param>
/// <param name="cause">What the client library said; null if it was not asked.</param>
public sealed class RedisUnavailableException(string reason, Exception? cause) : Exception(reason, cause)
{
    /// <summary>True if its memory is full, and its policy is not to evict.</summary>
    public bool IsFull { get; init; }
}
