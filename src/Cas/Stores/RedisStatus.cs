namespace RemoteExec.Cas.Stores;

/// <summary>Whether the Redis of a store is well.</summary>
/// <param name="Problem">What is wrong with it; null if nothing is.</param>
/// <param name="Since">When that became so.</param>
public sealed record RedisStatus(string? Problem, DateTimeOffset Since);
