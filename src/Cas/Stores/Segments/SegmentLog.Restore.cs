namespace RemoteExec.Cas.Stores.Segments;

/// <content>How the log is filled while the store is being opened.</content>
internal sealed partial class SegmentLog
{
    /// <summary>Takes over what a checkpoint or a file name says; only while the store is being opened.</summary>
    public void Restore(int number, uint eraReached, long sequenceReached)
    {
        lock (gate)
        {
            nextNumber = Math.Max(nextNumber, number);
            era = Math.Max(era, eraReached);
            sequence = Math.Max(sequence, sequenceReached);
        }
    }

    /// <summary>Adds a segment that was found on disk; they come in the order in which they are to be evicted.</summary>
    public void Restore(SegmentFile segment)
    {
        lock (gate)
        {
            segments.Add(segment);
            nextNumber = Math.Max(nextNumber, segment.Number + 1);
        }
    }

    /// <summary>Adds an entry of a checkpoint.</summary>
    public void Restore(UInt128 tag, IndexEntry entry)
    {
        lock (gate)
            Put(tag, entry);
    }

    /// <summary>Adds a record that was found on disk, unless the index knows a later one of its key.</summary>
    /// <param name="tag">The tag of its key.</param>
    /// <param name="place">Where it was found.</param>
    /// <param name="header">Its header.</param>
    /// <param name="sequenceAt">Reads the sequence number of the record at a place: the index does not keep it.</param>
    public void Restore(UInt128 tag, RecordPlace place, in RecordHeader header, Func<SegmentFile, RecordPlace, long> sequenceAt)
    {
        Restore(0, 0, header.Sequence);
        SegmentFile? other = null;
        IndexEntry known;
        lock (gate)
        {
            if (index.TryGet(tag, out known) && known.Place != place)
                other = segments[known.Place.Segment];
        }

        if (other is null || sequenceAt(other, known.Place) <= header.Sequence)
            Restore(tag, new IndexEntry(place, header.ValueLength, header.Digest.SizeBytes, 0));
    }

    /// <summary>Ends the restoring: goes on in a segment that has space left.</summary>
    public void Resume(SegmentFile last)
    {
        lock (gate)
            segments.Activate(last);
    }
}
