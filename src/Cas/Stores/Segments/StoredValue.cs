namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What a header says of the value behind it.</summary>
/// <param name="Length">Its length, as it is stored.</param>
/// <param name="Checksum">The checksum of what is stored.</param>
/// <param name="IsCompressed">True if it is stored as <see cref="CompressedValue"/> says.</param>
internal readonly record struct StoredValue(long Length, uint Checksum, bool IsCompressed = false);
