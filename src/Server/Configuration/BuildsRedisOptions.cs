namespace RemoteExec.Server.Configuration;

/// <summary>The Redis through which servers tell each other what builds do; the same for all of them. It may be one that evicts. docs/redis.md tells what lies there.</summary>
internal sealed record BuildsRedisOptions : RedisAccessOptions;
