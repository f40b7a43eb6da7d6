namespace RemoteExec.Server.Configuration;

/// <summary>The Redis that has the references of all servers that use it. It must not evict (<c>maxmemory-policy noeviction</c>), and should write to disk. docs/redis.md tells what lies there.</summary>
internal sealed record ReferencesRedisOptions : RedisAccessOptions;
