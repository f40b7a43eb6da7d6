namespace RemoteExec.Cas.Stores.S3;

/// <summary>What the log says of a pack.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Pack">The pack.</param>
/// <param name="IsLeaving">True if the pack is about to be deleted; false if it was uploaded.</param>
internal readonly record struct PackLogEntry(long Number, PackName Pack, bool IsLeaving);
