namespace RemoteExec.Cas.Composition;

/// <summary>Reads from the first store; what is discarded is forgotten by the second too.</summary>
internal sealed class FallbackReader(BlobReader inner, Func<Task> forgetCopy) : BlobReader
{
    private bool isDiscarded;

    /// <inheritdoc/>
    public override long Length => inner.Length;

    /// <inheritdoc/>
    public override long? ZstdLength => inner.ZstdLength;

    /// <inheritdoc/>
    public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadZstdAsync(destination, cancellationToken);

    /// <inheritdoc/>
    public override void Discard()
    {
        inner.Discard();
        isDiscarded = true;
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        if (isDiscarded)
            await forgetCopy();
    }
}
