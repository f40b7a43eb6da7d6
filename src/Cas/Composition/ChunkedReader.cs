using RemoteExec.Cas.Chunking;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Reads a blob chunk by chunk, each straight into the caller's memory.</summary>
internal sealed class ChunkedReader : BlobReader
{
    private readonly IBlobStore chunks;
    private readonly Digest blob;
    private readonly Recipe recipe;
    private BlobReader? current;
    private int next;
    private long skip; // in the next chunk
    private bool isDisposed;

    /// <summary>Starts at an offset within the blob.</summary>
    public ChunkedReader(IBlobStore chunks, Digest blob, Recipe recipe, long offset)
    {
        (this.chunks, this.blob, this.recipe, skip) = (chunks, blob, recipe, offset);
        for (; next < recipe.Chunks.Count && skip >= recipe.Chunks[next].SizeBytes; next++)
            skip -= recipe.Chunks[next].SizeBytes;
    }

    /// <inheritdoc/>
    public override long Length => recipe.BlobBytes;

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        if (destination.IsEmpty)
            return 0;
        try
        {
            while (current is not null || next < recipe.Chunks.Count)
            {
                current ??= await chunks.OpenReadAsync(recipe.Chunks[next], skip, cancellationToken) ?? throw new BlobCorruptException(blob);
                int read = await current.ReadAsync(destination, cancellationToken);
                if (read > 0)
                    return read;
                await CloseAsync();
                next++;
                skip = 0;
            }
        }
        catch (BlobCorruptException exception) when (exception.Digest != blob)
        {
            throw new BlobCorruptException(blob); // who reads knows nothing of chunks (CAS-40)
        }

        return 0;
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        isDisposed = true;
        return CloseAsync();
    }

    private async ValueTask CloseAsync()
    {
        BlobReader? reader = current;
        current = null;
        if (reader is not null)
            await reader.DisposeAsync();
    }
}
