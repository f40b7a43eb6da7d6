using System.Buffers;
using RemoteExec.Cas.Compression;
using RemoteExec.Cas.Frames;
using RemoteExec.Rpc.Server;

namespace RemoteExec.Cas.Services;

/// <summary>Makes what is written to it the data of ReadResponse messages, of about 64 KiB each.</summary>
internal sealed class ReadResponseStream(RpcCall call) : WriteOnlyStream
{
    private const int MessageBytes = 64 * 1024;

    private readonly byte[] gathered = ArrayPool<byte>.Shared.Rent(MessageBytes);
    private int filled;
    private bool isDisposed;

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            // The last message goes out together with the trailers, so a full one is sent when there is more.
            if (filled == MessageBytes)
            {
                Send();
                await call.Responses.FlushAsync(call.CancellationToken);
            }

            int count = Math.Min(buffer.Length, MessageBytes - filled);
            buffer[..count].CopyTo(gathered.AsMemory(filled));
            filled += count;
            buffer = buffer[count..];
        }
    }

    /// <summary>Sends what is left.</summary>
    public void Send()
    {
        if (filled > 0)
            ReadResponseFrame.Write(call.Responses, gathered.AsSpan(0, filled));
        filled = 0;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !isDisposed)
        {
            isDisposed = true;
            ArrayPool<byte>.Shared.Return(gathered);
        }

        base.Dispose(disposing);
    }
}
