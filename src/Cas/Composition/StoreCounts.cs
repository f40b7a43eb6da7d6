namespace RemoteExec.Cas.Composition;

/// <summary>What a store was asked for, and what of it it had.</summary>
/// <param name="Present">Blobs that look-ups asked for, and that were there.</param>
/// <param name="Absent">Blobs that look-ups asked for, and that were not.</param>
/// <param name="Hits">Blobs that were to be read, and were there.</param>
/// <param name="Misses">Blobs that were to be read, and were not.</param>
public readonly record struct StoreCounts(long Present, long Absent, long Hits, long Misses);
