namespace RemoteExec.Cas.Composition;

/// <summary>Reads along with a <see cref="TierFill"/>; left behind, it waits for its end and goes on by itself, in the fast tier or else in the slow one.</summary>
/// <param name="fill">The fill.</param>
/// <param name="store">The name in errors.</param>
internal sealed class TierFillReader(TierFill fill, string store) : BlobReader
{
    private BlobReader? alone;
    private long position;

    /// <inheritdoc/>
    public override long Length => fill.Length;

    /// <summary>Waits until it is known whether there is anything to read.</summary>
    public Task<bool> OpenAsync(CancellationToken cancellationToken) => fill.Opened.WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.IsEmpty || position == Length)
            return 0;
        int read = 0;
        while (alone is null && read == 0)
        {
            read = fill.Copy(position, destination.Span, out Task? more);
            if (more is not null)
                await more.WaitAsync(cancellationToken);
            else if (read == 0)
                alone = await OpenAloneAsync(cancellationToken);
        }

        if (alone is not null)
            read = await alone.ReadAsync(destination, cancellationToken);
        position += read;
        return read;
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        fill.Leave(this);
        if (alone is not null)
            await alone.DisposeAsync();
    }

    private async ValueTask<BlobReader> OpenAloneAsync(CancellationToken cancellationToken)
    {
        await fill.Completion.WaitAsync(cancellationToken);
        BlobReader? reader = await TryOpenAsync(fill.Tiers.Fast, cancellationToken) ?? await TryOpenAsync(fill.Tiers.Slow, cancellationToken);
        return reader ?? throw new StoreUnavailableException(store, new IOException($"{fill.Digest} left, or was replaced, while it was read"));
    }

    /// <summary>Opens the rest of the value: of another, which it may have been replaced by, only if nothing was read yet.</summary>
    private async ValueTask<BlobReader?> TryOpenAsync(IBlobStore tier, CancellationToken cancellationToken)
    {
        try
        {
            if (await tier.OpenReadAsync(fill.Digest, position, cancellationToken) is not { } reader)
                return null;
            if (reader.Length == Length && (position == 0 || fill.Digest.SizeBytes == Length))
                return reader;
            await reader.DisposeAsync();
        }
        catch (Exception exception) when (exception is StoreUnavailableException or BlobCorruptException or ArgumentOutOfRangeException)
        {
            // As if it were not there: the other tier may have it, and the caller is told.
        }

        return null;
    }
}
