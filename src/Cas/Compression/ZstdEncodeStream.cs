using System.Buffers;

namespace RemoteExec.Cas.Compression;

/// <summary>Compresses what is written to it to one zstd frame, which ends when it is disposed, asynchronously.</summary>
/// <param name="destination">Where the frame goes; stays open.</param>
internal sealed class ZstdEncodeStream(Stream destination) : WriteOnlyStream
{
    private const int BufferBytes = 64 * 1024;

    private readonly ZstdContext context = ZstdContext.Compressor();
    private readonly byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private bool isDisposed;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default) =>
        RunAsync(content, isLast: false, cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        if (isDisposed)
            return;
        isDisposed = true;
        try
        {
            await RunAsync(default, isLast: true, CancellationToken.None);
        }
        finally
        {
            context.Dispose();
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask RunAsync(ReadOnlyMemory<byte> content, bool isLast, CancellationToken cancellationToken)
    {
        bool isDone;
        do
        {
            isDone = context.Run(content.Span, buffer, isLast, out int consumed, out int written);
            content = content[consumed..];
            if (written > 0)
                await destination.WriteAsync(buffer.AsMemory(0, written), cancellationToken);
        }
        while (!isDone);
    }
}
