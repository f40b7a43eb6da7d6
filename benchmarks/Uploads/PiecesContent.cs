using System.Net;

namespace RemoteExec.Benchmarks.Uploads;

/// <summary>The body of a PUT.</summary>
internal sealed class PiecesContent(LongContent content) : HttpContent
{
    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        foreach (ReadOnlyMemory<byte> piece in content.Pieces())
            await stream.WriteAsync(piece);
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long length)
    {
        length = content.Length;
        return true;
    }
}
