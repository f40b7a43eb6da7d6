namespace RemoteExec.Server.Configuration;

/// <summary>The Redis through which nodes tell each other what they uploaded; the same for all of them. It keeps no blobs, and no values.</summary>
internal sealed record S3RedisOptions : RedisAccessOptions;
