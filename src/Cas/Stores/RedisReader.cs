namespace RemoteExec.Cas.Stores;

/// <summary>Reads a value that was fetched as a whole.</summary>
/// <param name="record">Header and value.</param>
/// <param name="position">Where reading starts in the value, in bytes.</param>
/// <param name="delete">Deletes the very value that was read.</param>
internal sealed class RedisReader(byte[] record, int position, Func<Task> delete) : BlobReader
{
    private int position = RedisValueHeader.Length + position;
    private Task? deletion;

    /// <inheritdoc/>
    public override long Length => record.Length - RedisValueHeader.Length;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int count = Math.Min(destination.Length, record.Length - position);
        record.AsMemory(position, count).CopyTo(destination);
        position += count;
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public override void Discard() => deletion ??= delete();

    /// <summary>Waits until what was discarded is gone.</summary>
    public override async ValueTask DisposeAsync()
    {
        try
        {
            await (deletion ?? Task.CompletedTask);
        }
        catch (StoreUnavailableException)
        {
            // It stays, and whoever reads it next may discard it.
        }
    }
}
