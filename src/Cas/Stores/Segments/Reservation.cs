namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Space in a segment that belongs to one writer, until it is published or given up with the log. The writer holds the segment.</summary>
/// <param name="Segment">The segment.</param>
/// <param name="Offset">Where the record starts.</param>
/// <param name="Length">The length of the record.</param>
internal readonly record struct Reservation(SegmentFile Segment, long Offset, long Length)
{
    /// <summary>The place of the record.</summary>
    public RecordPlace Place => RecordPlace.At(Segment.Number, Offset);

    /// <summary>Fills the record with zeros from a position on, less than <see cref="RecordHeader.Alignment"/> of them: so a file is never shorter than its records.</summary>
    public void WritePadding(long position)
    {
        if (position == Length)
            return;
        Span<byte> zeros = stackalloc byte[RecordHeader.Alignment];
        zeros.Clear();
        Segment.Write(zeros[..(int)(Length - position)], Offset + position);
    }
}
