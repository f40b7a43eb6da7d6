namespace RemoteExec.Cas.Stores.Segments;

/// <summary>A whole record that was found by reading a segment.</summary>
/// <param name="Tag">The tag of its key.</param>
/// <param name="Place">Where it stands.</param>
/// <param name="Length">The length of its value.</param>
/// <param name="DigestSize">The size in its digest.</param>
/// <param name="Sequence">Its number: of two records of one key the higher one counts.</param>
internal readonly record struct FoundRecord(UInt128 Tag, RecordPlace Place, long Length, long DigestSize, long Sequence);
