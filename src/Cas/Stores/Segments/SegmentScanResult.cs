namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What reading a segment back came to.</summary>
/// <param name="End">Where its last whole record ends, at least where the reading began.</param>
/// <param name="Records">Whole records.</param>
/// <param name="Damaged">Records whose value is not whole.</param>
internal readonly record struct SegmentScanResult(long End, int Records, int Damaged);
