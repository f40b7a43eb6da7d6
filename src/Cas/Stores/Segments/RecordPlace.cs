namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Where a record is: the number of its segment, and its offset there, a multiple of 16 below 64 GiB.</summary>
/// <param name="Segment">The number of the segment.</param>
/// <param name="Unit">The offset in units of <see cref="RecordHeader.Alignment"/> bytes.</param>
internal readonly record struct RecordPlace(int Segment, uint Unit)
{
    /// <summary>The offset in bytes.</summary>
    public long Offset => (long)Unit * RecordHeader.Alignment;

    /// <summary>Both in one number.</summary>
    public ulong Packed => ((ulong)(uint)Segment << 32) | Unit;

    /// <summary>The place at a byte offset.</summary>
    public static RecordPlace At(int segment, long offset) => new(segment, checked((uint)(offset / RecordHeader.Alignment)));
}
