using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Writes the index to a file, while the store goes on. Little-endian:
/// <code>
/// u64 magic, i32 length of the head, i32 next segment number, u32 era, i64 sequence
/// i32 segments, and for each, the next to be evicted first:  i32 number, i64 end of what is covered, u32 forgotten era
/// </code>
/// and the rest as <see cref="IndexImageWriter"/> says.
/// </summary>
/// <remarks>
/// It takes down first how far each segment is covered, then brings the segments to the medium, then copies the index shard by shard. What
/// changed in between lies beyond the covered ends, where recovery reads the segments themselves, or in segments that are gone.
/// </remarks>
internal sealed class CheckpointWriter(StoreDirectory directory, SegmentLog log, bool isDue)
{
    /// <summary>The first bytes of a checkpoint, "RXCHKP02".</summary>
    public const ulong Magic = 0x3230504b48435852;

    /// <summary>The length of what precedes the list of segments.</summary>
    public const int HeadBytes = 32;

    /// <summary>The length of what is said of each segment.</summary>
    public const int SegmentBytes = 16;

    private const long LeastBytes = 256 << 20;
    private const long LeastRecords = 500_000;

    private readonly SemaphoreSlim writing = new(1); // one checkpoint at a time
    private bool isOverdue = isDue;
    private long reservedAtLast;
    private long lengthOfLast;
    private long sequenceAtLast = log.Sequence;

    /// <summary>
    /// True if as much was written since the last checkpoint that another one is worth its bytes, so that a start after a crash has little to read back: twice the
    /// checkpoint's length but at least a quarter of a gigabyte (or a segment, if that is less), or a sixteenth of the blobs but at least half a million.
    /// </summary>
    public bool IsDue => isOverdue
        || log.ReservedBytes - reservedAtLast >= Math.Max(Math.Min(log.SegmentBytes, LeastBytes), 2 * lengthOfLast)
        || log.Sequence - sequenceAtLast >= Math.Max(LeastRecords, log.Measure().Blobs / 16);

    /// <summary>True if there is nothing to remember: the store is as empty as it was made.</summary>
    public bool IsPointless => log.Measure().Segments == 0 && !File.Exists(directory.CheckpointPath);

    /// <summary>Writes a checkpoint.</summary>
    /// <exception cref="IOException">The disk failed; the checkpoint before is still there.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            Write(cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    private void Write(CancellationToken cancellationToken)
    {
        long reserved = log.ReservedBytes;
        CheckpointHead head = log.CaptureHead();
        head.FlushAndRelease(cancellationToken);

        string path = directory.CheckpointPath;
        try
        {
            using FileStream stream = StoreDirectory.CreateFile(path + ".new");
            IndexImageWriter.Write(stream, Format(head), log.Inspect, cancellationToken);
            stream.Flush();
            FileFlush.Run(stream.SafeFileHandle);
            lengthOfLast = stream.Length;
        }
        catch
        {
            File.Delete(path + ".new"); // what there is of it would only take space from a disk that is full
            throw;
        }

        if (File.Exists(path))
            File.Move(path, directory.OldCheckpointPath, overwrite: true);
        File.Move(path + ".new", path, overwrite: true);
        DirectoryFlush.Run(directory.Path);
        reservedAtLast = reserved;
        sequenceAtLast = head.Sequence;
        isOverdue = false;
    }

    private static byte[] Format(CheckpointHead head)
    {
        var bytes = new byte[HeadBytes + SegmentBytes * head.Segments.Count];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), head.NextNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(16), head.Era);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(20), head.Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(28), head.Segments.Count);
        Span<byte> rest = bytes.AsSpan(HeadBytes);
        foreach (CoveredSegment segment in head.Segments)
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, segment.Number);
            BinaryPrimitives.WriteInt64LittleEndian(rest[4..], segment.End);
            BinaryPrimitives.WriteUInt32LittleEndian(rest[12..], segment.ForgottenEra);
            rest = rest[SegmentBytes..];
        }

        return bytes;
    }
}
