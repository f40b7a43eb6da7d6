using System.Diagnostics.Metrics;

namespace RemoteExec.Cas.Stores;

/// <summary>What is asked of Redis.</summary>
internal static class RedisMetrics
{
    private static readonly Meter meter = new("RemoteExec.Cas");
    private static readonly Counter<long> commands = meter.CreateCounter<long>("remoteexec.redis.commands", "{command}", "Commands sent to Redis.");
    private static readonly Counter<long> failures = meter.CreateCounter<long>("remoteexec.redis.failures", "{call}", "Calls that failed because Redis could not be reached, or refused.");

    /// <summary>Counts commands of one name.</summary>
    public static void Count(string command, int count) => commands.Add(count, new KeyValuePair<string, object?>("command", command));

    /// <summary>Counts a call that failed.</summary>
    public static void CountFailure() => failures.Add(1);
}
