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
            (_, shard) =>
            {
                // Counted for each shard, and added up once: many processors on a few counters take turns.
                Dictionary<int, Tally> tallies = covered.ToDictionary(segment => segment.Key, segment => new Tally(segments[segment.Key], segment.Value));
                shard.RemoveWhere(0, (_, entry) =>
                {
                    if (!tallies.TryGetValue(entry.Place.Segment, out Tally? tally) || entry.Place.Offset >= tally.End)
                        return true;
                    tally.Count(entry);
                    return false;
                });
                foreach (Tally tally in tallies.Values)
                    tally.Add();
            },
            cancellationToken);

    /// <summary>Adds records that were found on disk, in the order of <see cref="SegmentIndex.OrderOf"/>, but for those of which the index knows a later one of their key.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public void Restore(ReadOnlySpan<FoundRecord> sorted)
    {
        long last = 0;
        while (!sorted.IsEmpty)
        {
            IndexShard shard = index.ShardOf(sorted[0].Tag);
            int count = 1;
            while (count < sorted.Length && index.ShardOf(sorted[count].Tag) == shard)
                count++;
            lock (shard.Gate)
            {
                shard.Reserve(count);
                foreach (ref readonly FoundRecord record in sorted[..count])
                {
                    last = Math.Max(last, record.Sequence);
                    if (!shard.TryGet(record.Tag, out IndexEntry known) || known.Place == record.Place || SequenceAt(known.Place) <= record.Sequence)
                        Put(shard, record.Tag, new IndexEntry(record.Place, record.Length, record.DigestSize, default));
                }
            }

            sorted = sorted[count..];
        }

        Restore(0, 0, last);
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

    /// <summary>The sequence number of a record, which the index does not keep; 0 if it can't be read.</summary>
    private long SequenceAt(RecordPlace place)
    {
        Span<byte> bytes = stackalloc byte[RecordHeader.MaxLength];
        int read = segments[place.Segment].Read(bytes, place.Offset);
        return RecordHeader.TryRead(bytes[..read], directory.Key, place, out RecordHeader header) ? header.Sequence : 0;
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

    private sealed class Tally(SegmentFile segment, long end)
    {
        private readonly uint forgottenEra = segment.ForgottenEra;
        private long live;
        private long used;
        private uint lastUse;

        public long End => end;

        public void Count(in IndexEntry entry)
        {
            live += entry.Weight;
            lastUse = Math.Max(lastUse, entry.LastUse);
            if (entry.LastUse > forgottenEra)
                used += entry.Weight;
        }

        public void Add()
        {
            segment.AddLive(live);
            segment.AddUsed(used);
            segment.LastUse = Math.Max(segment.LastUse, lastUse);
        }
    }
}
