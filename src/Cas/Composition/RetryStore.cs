using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Repeats what a store could not do because it was out of reach: look-ups, the opening of reads and writes, and whole writes of up to 1 MiB, which are gathered in memory for it. A read that breaks
/// off goes on at its offset. What fails each time fails with the last <see cref="StoreUnavailableException"/>.
/// </summary>
/// <param name="inner">The store within.</param>
/// <param name="attempts">How often something is tried in all, at least once.</param>
/// <param name="pause">How long is waited before the second attempt; twice that before the third, and so on.</param>
/// <param name="time">The clock.</param>
public sealed class RetryStore(IBlobStore inner, int attempts, TimeSpan pause, TimeProvider time) : IBlobStore
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        RepeatAsync(() => inner.FindMissingAsync(digests, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (await RepeatAsync(() => inner.OpenReadAsync(digest, offset, cancellationToken), cancellationToken) is not { } reader)
            return null;
        int left = attempts - 1; // a reader that opens and fails again and again ends as well
        return new ResumingReader(digest, reader, offset, async (position, token) =>
            left-- > 0 ? await RepeatAsync(() => inner.OpenReadAsync(digest, position, token), token) : null);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > BufferedWriter.MaxBytes)
            return await RepeatAsync(() => inner.OpenWriteAsync(digest, length, cancellationToken), cancellationToken);
        return new BufferedWriter((int)length, async (content, token) => await RepeatAsync(
            async () =>
            {
                await inner.WriteAllAsync(digest, content, token);
                return true;
            },
            token));
    }

    private async ValueTask<T> RepeatAsync<T>(Func<ValueTask<T>> step, CancellationToken cancellationToken)
    {
        TimeSpan wait = pause;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await step();
            }
            catch (StoreUnavailableException) when (attempt < attempts)
            {
                await Task.Delay(wait, time, cancellationToken);
                wait *= 2;
            }
        }
    }
}
