using RemoteExec.Cas.Compression;

namespace RemoteExec.Images.Archives;

/// <summary>A stream that may not have more than so many bytes: for what inflates.</summary>
/// <param name="inner">Is read, and disposed.</param>
/// <param name="most">How many bytes it may have.</param>
internal sealed class BoundedStream(Stream inner, long most) : ReadOnlyStream
{
    private long total;

    /// <inheritdoc/>
    /// <exception cref="ImageException">There are more.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        total += read;
        return total <= most ? read : throw new ImageException($"it unpacks to more than {most} bytes");
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }
}
