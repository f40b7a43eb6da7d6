namespace RemoteExec.Cas.Stores;

/// <summary>Reads a value that is in memory; nobody may change it any more.</summary>
/// <param name="content">The value.</param>
/// <param name="position">Where reading starts, in bytes.</param>
public class MemoryReader(byte[] content, int position) : BlobReader
{
    private int position = position;

    /// <inheritdoc/>
    public override long Length => content.Length;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int count = Math.Min(destination.Length, content.Length - position);
        content.AsMemory(position, count).CopyTo(destination);
        position += count;
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
