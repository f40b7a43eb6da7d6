using System.Runtime.ExceptionServices;

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
            if (era < eraReached)
            {
                era = eraReached;
                eras = new EraClock(time, era);
            }

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

    /// <summary>Takes over the index of a checkpoint; false, with an empty index, if it is damaged.</summary>
    public bool TryRestore(CheckpointReader checkpoint, CancellationToken cancellationToken)
    {
        bool isIntact = true;
        ForEachShard(
            (number, shard) =>
            {
                if (Volatile.Read(ref isIntact) && !checkpoint.TryLoad(number, shard))
                    Volatile.Write(ref isIntact, false);
            },
            cancellationToken);
        if (!isIntact)
            ForEachShard((_, shard) => shard.Clear(), cancellationToken);
        return isIntact;
    }

    /// <summary>Drops the entries of a checkpoint that the segments do not bear out, and counts the others.</summary>
    /// <param name="covered">How far the checkpoint can be believed for each segment.</param>
    /// <param name="cancellationToken">Ends it between two shards.</param>
    public void Confirm(IReadOnlyDictionary<int, long> covered, CancellationToken cancellationToken) =>
        ForEachShard(
            (_, shard) => shard.RemoveWhere(0, (_, entry) =>
            {
                if (!covered.TryGetValue(entry.Place.Segment, out long end) || entry.Place.Offset >= end)
                    return true;
                Count(entry, 1);
                return false;
            }),
            cancellationToken);

    /// <summary>Adds a record that was found on disk, unless the index knows a later one of its key.</summary>
    /// <param name="tag">The tag of its key.</param>
    /// <param name="place">Where it was found.</param>
    /// <param name="header">Its header.</param>
    /// <param name="sequenceAt">Reads the sequence number of the record at a place: the index does not keep it.</param>
    public void Restore(UInt128 tag, RecordPlace place, in RecordHeader header, Func<SegmentFile, RecordPlace, long> sequenceAt)
    {
        Restore(0, 0, header.Sequence);
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
        {
            if (!shard.TryGet(tag, out IndexEntry known) || known.Place == place
                || sequenceAt(segments[known.Place.Segment], known.Place) <= header.Sequence)
                Restore(tag, new IndexEntry(place, header.ValueLength, header.Digest.SizeBytes, default));
        }
    }

    /// <summary>Lets the index point to a record.</summary>
    public void Restore(UInt128 tag, IndexEntry entry)
    {
        IndexShard shard = index.ShardOf(tag);
        lock (shard.Gate)
            Put(shard, tag, entry);
    }

    /// <summary>Ends the restoring: goes on in a segment that has space left.</summary>
    public void Resume(SegmentFile last)
    {
        last.ReserveRest(space, SegmentBytes);
        lock (gate)
            segments.Activate(last);
    }

    private void ForEachShard(Action<int, IndexShard> action, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.For(0, SegmentIndex.Shards, new ParallelOptions { CancellationToken = cancellationToken }, number => Inspect(number, shard => action(number, shard)));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }
}
