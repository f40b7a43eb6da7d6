using StackExchange.Redis;

namespace RemoteExec.Redis;

/// <summary>What the client library throws when Redis, or the way to it, is at fault.</summary>
internal static class RedisFaults
{
    // After these the library may know less of the servers than they do of themselves.
    private static readonly string[] changes = ["READONLY", "CLUSTERDOWN", "MASTERDOWN", "MOVED", "ASK", "NOAUTH", "TRYAGAIN", "Endpoint"];

    /// <summary>True for a failure of Redis; false for one of our own.</summary>
    public static bool IsFault(Exception exception) =>
        exception is RedisException or RedisCommandException or TimeoutException or ObjectDisposedException or System.Net.Sockets.SocketException or IOException or OperationCanceledException;

    /// <summary>True if a server answers that it is not, or no more, the one to ask.</summary>
    public static bool TellsOfChange(Exception exception) =>
        exception is RedisServerException && changes.Any(word => exception.Message.StartsWith(word, StringComparison.Ordinal));

    /// <summary>True if a server answered: the way to it is good.</summary>
    public static bool IsAnswer(Exception exception) => exception is RedisServerException && !TellsOfChange(exception);

    /// <summary>True if a server has no memory left and does not evict.</summary>
    public static bool IsFull(Exception exception) => exception is RedisServerException && exception.Message.StartsWith("OOM", StringComparison.Ordinal);
}
