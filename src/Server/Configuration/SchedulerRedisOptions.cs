namespace RemoteExec.Server.Configuration;

/// <summary>The Redis through which schedulers follow each other; the same for all of them. It must not evict what is kept there: `maxmemory-policy noeviction`, or any of the `volatile-` ones.</summary>
internal sealed record SchedulerRedisOptions : RedisAccessOptions;
