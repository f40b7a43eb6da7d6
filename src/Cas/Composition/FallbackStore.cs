using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// A store that may be out of reach, and one that stands in for it meanwhile. While the first is there it alone says what there is, so that several servers that share it agree at once; what is
/// written goes to the second too, as far as that takes it. While the first is away, reads are answered by the second, and what is written goes there and is <em>owed</em> to the first: until it
/// is paid back, the first is not asked for it, so that no older value is answered.
/// </summary>
/// <remarks>
/// What is owed is known to this process alone. More than <c>maxOwed</c> values are not owed: further writes fail as they would without a second store. What other servers write while the first is
/// away is not known here, so the second may answer what was the last value before. If the first fails in the midst of a read, the read fails.
/// </remarks>
public sealed class FallbackStore : IBlobStore, IAsyncDisposable
{
    private readonly IBlobStore first;
    private readonly IBlobStore then;
    private readonly FallbackState state;
    private readonly FallbackDebts debts;

    /// <summary>Puts one store behind another.</summary>
    /// <param name="name">What messages call the store.</param>
    /// <param name="first">Says what there is, while it is there.</param>
    /// <param name="then">Stands in for it.</param>
    /// <param name="logger">Told when the first goes and comes.</param>
    /// <param name="time">The clock.</param>
    /// <param name="maxOwed">How many values may be owed.</param>
    public FallbackStore(string name, IBlobStore first, IBlobStore then, ILogger<FallbackStore> logger, TimeProvider time, int maxOwed = 100_000)
    {
        this.first = first;
        this.then = then;
        state = new FallbackState(name, logger, time);
        debts = new FallbackDebts(name, first, then, state, logger, time, maxOwed);
    }

    /// <summary>Whether the first store is within reach.</summary>
    public NodeStatus First => state.Status;

    /// <summary>How many values the first store has yet to be given.</summary>
    public int Owed => debts.Count;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        if (debts.Count == 0)
            return await AskAsync(digests, cancellationToken);

        ILookup<bool, Digest> parts = digests.ToLookup(digest => debts.Contains(digest));
        HashSet<Digest> missing = [.. await AskAsync([.. parts[false]], cancellationToken), .. await then.FindMissingAsync([.. parts[true]], cancellationToken)];
        return [.. digests.Where(missing.Remove)];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (debts.Contains(digest))
            return await then.OpenReadAsync(digest, offset, cancellationToken);
        try
        {
            BlobReader? reader = await first.OpenReadAsync(digest, offset, cancellationToken);
            state.Answered();
            return reader is null ? null : new FallbackReader(reader, () => debts.ForgetCopyAsync(digest, CancellationToken.None));
        }
        catch (StoreUnavailableException exception)
        {
            state.Failed(exception);
            return await then.OpenReadAsync(digest, offset, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        BlobWriter? toFirst = null;
        try
        {
            toFirst = await first.OpenWriteAsync(digest, length, cancellationToken);
        }
        catch (StoreUnavailableException exception)
        {
            state.Failed(exception);
        }

        BlobWriter? toThen = null;
        try
        {
            toThen = await then.OpenWriteAsync(digest, length, cancellationToken);
        }
        catch (CasException) when (toFirst is not null)
        {
            // A copy less.
        }

        return new FallbackWriter(digest, toFirst, toThen, state, debts);
    }

    /// <summary>Stops paying back.</summary>
    public ValueTask DisposeAsync() => debts.DisposeAsync();

    private async ValueTask<IReadOnlyCollection<Digest>> AskAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        if (digests.Count == 0)
            return [];
        try
        {
            IReadOnlyCollection<Digest> missing = await first.FindMissingAsync(digests, cancellationToken);
            state.Answered();
            return missing;
        }
        catch (StoreUnavailableException exception)
        {
            state.Failed(exception);
            return await then.FindMissingAsync(digests, cancellationToken);
        }
    }
}
