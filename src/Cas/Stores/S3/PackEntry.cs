namespace RemoteExec.Cas.Stores.S3;

/// <summary>A record and where it stands in its pack.</summary>
/// <param name="Offset">The offset of the header, in bytes.</param>
/// <param name="Record">The record.</param>
internal readonly record struct PackEntry(long Offset, PackRecord Record);
