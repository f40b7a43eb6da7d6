namespace RemoteExec.Cas.Stores.Segments;

/// <summary>What a <see cref="SegmentCheck"/> found.</summary>
/// <param name="Path">The directory of the store.</param>
/// <param name="Segments">Segment files.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Records">Records that are whole, superseded ones included.</param>
/// <param name="DamagedRecords">Records whose header is there and whose value is not what it was.</param>
/// <param name="DamagedSegments">The paths of the segments that have some.</param>
/// <param name="HasCheckpoint">True if there is a whole checkpoint, or nothing to have one of, so that the next start is quick.</param>
/// <param name="IsRepaired">True if the damaged records were dropped and the index was made anew.</param>
public sealed record SegmentCheckReport(
    string Path, int Segments, long Bytes, long Records, long DamagedRecords, IReadOnlyList<string> DamagedSegments, bool HasCheckpoint, bool IsRepaired)
{
    /// <summary>True if nothing is wrong, or nothing is wrong any more.</summary>
    public bool IsGood => DamagedRecords == 0 || IsRepaired;
}
