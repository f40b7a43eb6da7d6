namespace RemoteExec.Cas.Stores.S3;

/// <summary>Hands out a value that was read and verified when it was opened, from the windows of its pack.</summary>
/// <param name="windows">The windows, one after the other.</param>
/// <param name="start">Where the value begins in them.</param>
/// <param name="length">The length of the value.</param>
/// <param name="offset">Where in the value to start.</param>
internal sealed class WindowReader(byte[][] windows, int start, long length, long offset) : BlobReader
{
    private long position = offset;

    /// <inheritdoc/>
    public override long Length => length;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        int count = (int)Math.Min(destination.Length, length - position);
        if (count == 0)
            return ValueTask.FromResult(0);
        (long window, long at) = Math.DivRem(start + position, WindowCache.WindowBytes);
        ReadOnlySpan<byte> source = windows[window].AsSpan((int)at);
        count = Math.Min(count, source.Length);
        source[..count].CopyTo(destination.Span);
        position += count;
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
