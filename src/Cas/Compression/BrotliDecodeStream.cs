using System.IO.Compression;

namespace RemoteExec.Cas.Compression;

/// <summary>Reads brotli; damaged data shows as <see cref="InvalidDataException"/>, as with the other compressors, and not as an invalid operation.</summary>
/// <param name="compressed">The compressed stream; stays open.</param>
internal sealed class BrotliDecodeStream(Stream compressed) : ReadOnlyStream
{
    private readonly BrotliStream decoder = new(compressed, CompressionMode.Decompress, leaveOpen: true);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            return await decoder.ReadAsync(buffer, cancellationToken);
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidDataException("brotli: the data is damaged", exception);
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            decoder.Dispose();
        base.Dispose(disposing);
    }
}
