using System.Buffers.Binary;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>Reads what <see cref="CheckpointWriter"/> wrote: the head at once, the shards one by one and in any order, on several threads if wanted.</summary>
internal sealed class CheckpointReader : IDisposable
{
    private readonly IndexImageReader image;

    private CheckpointReader(IndexImageReader image)
    {
        this.image = image;
        Head = Parse(image.Head.Span);
    }

    /// <summary>What the checkpoint says of the log.</summary>
    public CheckpointHead Head { get; }

    /// <summary>Opens a checkpoint; null if it is absent or shows damage.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public static CheckpointReader? TryOpen(string path)
    {
        IndexImageReader? image = IndexImageReader.TryOpen(path, CheckpointWriter.Magic, CheckpointWriter.HeadBytes);
        if (image is null)
            return null;
        long segments = BinaryPrimitives.ReadInt32LittleEndian(image.Head.Span[28..]);
        if (segments >= 0 && CheckpointWriter.HeadBytes + (segments * CheckpointWriter.SegmentBytes) == image.Head.Length)
            return new CheckpointReader(image);
        image.Dispose();
        return null;
    }

    /// <inheritdoc cref="IndexImageReader.TryLoad"/>
    public bool TryLoad(int number, IndexShard shard) => image.TryLoad(number, shard);

    /// <inheritdoc/>
    public void Dispose() => image.Dispose();

    private static CheckpointHead Parse(ReadOnlySpan<byte> bytes)
    {
        var segments = new CoveredSegment[BinaryPrimitives.ReadInt32LittleEndian(bytes[28..])];
        ReadOnlySpan<byte> rest = bytes[CheckpointWriter.HeadBytes..];
        for (int i = 0; i < segments.Length; i++, rest = rest[CheckpointWriter.SegmentBytes..])
        {
            segments[i] = new CoveredSegment(
                BinaryPrimitives.ReadInt32LittleEndian(rest), BinaryPrimitives.ReadInt64LittleEndian(rest[4..]), BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]), null);
        }

        return new CheckpointHead(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]), BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]), segments);
    }
}
