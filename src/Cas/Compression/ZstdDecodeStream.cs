using System.Buffers;

namespace RemoteExec.Cas.Compression;

/// <summary>Reads what zstd frames contain, one or several behind each other; to be read asynchronously and by one caller.</summary>
/// <param name="source">The frames; stays open.</param>
/// <param name="reserveAsync">Is asked for the memory that a frame takes before it is begun, in bytes; null for who need not ask.</param>
internal sealed class ZstdDecodeStream(Stream source, Func<long, ValueTask>? reserveAsync = null) : ReadOnlyStream
{
    private const int BufferBytes = 64 * 1024;
    private const int OtherBytes = 512 * 1024; // of a decompressor beside its window: a block each way, tables, and the buffer here

    private readonly ZstdContext context = ZstdContext.Decompressor();
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int start;
    private int end;
    private bool isBetweenFrames = true;
    private bool mayHaveMore; // output that did not fit the last time
    private bool isDisposed;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (destination.IsEmpty)
            return 0;
        while (true)
        {
            if (start == end && !mayHaveMore)
            {
                start = 0;
                end = await source.ReadAsync(buffer, cancellationToken);
                if (end == 0)
                    return isBetweenFrames ? 0 : throw new InvalidDataException("zstd: the data ends in the middle of a frame");
            }

            if (isBetweenFrames && start < end && reserveAsync is not null)
                await reserveAsync(ZstdFrame.WindowOf(buffer.AsSpan(start, end - start)) + OtherBytes);
            isBetweenFrames = context.Run(buffer.AsSpan(start, end - start), destination.Span, isLast: false, out int consumed, out int written);
            start += consumed;
            mayHaveMore = !isBetweenFrames && written == destination.Length;
            if (written > 0)
                return written;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !isDisposed)
        {
            isDisposed = true;
            context.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }

        base.Dispose(disposing);
    }
}
