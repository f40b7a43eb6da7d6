namespace RemoteExec.Builds.Sharing;

/// <summary>How servers share what builds did.</summary>
/// <param name="KeyPrefix">What all keys in Redis begin with: the same for all servers.</param>
/// <param name="MaxBytes">How many bytes of each kind of records are kept in Redis, about, for servers that were away.</param>
/// <param name="MaxBacklogBytes">How many bytes may wait for a Redis that is away, before compression.</param>
public sealed record SharingOptions(string KeyPrefix, long MaxBytes, long MaxBacklogBytes);
