using RemoteExec.Cas.Compression;

namespace RemoteExec.Images.Archives;

/// <summary>The next bytes of a stream, as if they were all.</summary>
/// <param name="whole">The stream; stays open.</param>
/// <param name="length">How many bytes, or fewer if the stream ends before.</param>
internal sealed class PartStream(Stream whole, long length) : ReadOnlyStream
{
    private long left = length;

    /// <summary>True if all of it was there and has been read.</summary>
    public bool IsWhole => left == 0;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await whole.ReadAsync(buffer[..(int)Math.Min(buffer.Length, left)], cancellationToken);
        left -= read;
        return read;
    }
}
