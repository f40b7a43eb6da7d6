using Microsoft.Extensions.Logging;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Puts a fast tier, near and bounded, before a slow one, far and large. What the fast one lacks is looked for in the slow one; what is read from there in whole fills the fast one, once however many
/// ask at a time. Writes go to both. What the fast tier answers for is told to the slow one as used, in the background and at most once an hour.
/// </summary>
/// <remarks>
/// A fast tier that fails or is full costs nothing but time. A slow one that is out of reach makes what the fast tier lacks missing, or is an error, as <see cref="FastSlowStoreOptions.SlowDown"/> says;
/// for writes <see cref="FastSlowStoreOptions.SlowWrites"/> decides. Under a digest that is not that of its value, the fast tier answers with what went through it last: what others wrote to
/// the slow one since is not seen.
/// </remarks>
public sealed class FastSlowStore : IBlobStore, IAsyncDisposable
{
    private readonly FastSlowStoreOptions options;
    private readonly IBlobStore fast;
    private readonly GatedStore slow;
    private readonly TierFills fills;
    private readonly Replicator replicator;
    private readonly SlowTierUses uses;

    /// <summary>Makes the store; disposing it ends its background work, and leaves the tiers open.</summary>
    /// <param name="fast">The fast tier.</param>
    /// <param name="slow">The slow tier.</param>
    /// <param name="options">How it behaves.</param>
    /// <param name="logger">Told when the slow tier goes and comes.</param>
    /// <param name="time">The clock.</param>
    public FastSlowStore(IBlobStore fast, IBlobStore slow, FastSlowStoreOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.fast = fast;
        replicator = new Replicator(new ReplicatorOptions { Name = options.Name }, logger, time);
        this.slow = new GatedStore(slow, new NodeGate($"{options.Name}.slow", options.Timeout, logger, time, replicator.TryAgain));
        fills = new TierFills(options.Name, fast, this.slow);
        uses = new SlowTierUses(fast, this.slow, options.SlowWrites == SlowWrites.None ? null : replicator, time);
    }

    /// <summary>Whether the slow tier is within reach.</summary>
    public NodeStatus Slow => slow.Gate.Status;

    /// <summary>How many values the slow tier has yet to be given.</summary>
    public int PendingCopies => replicator.Pending;

    /// <summary>What copies to the slow tier.</summary>
    internal Replicator Replicator => replicator;

    /// <summary>What tells the slow tier of uses.</summary>
    internal SlowTierUses Uses => uses;

    /// <summary>What fills the fast tier.</summary>
    internal TierFills Fills => fills;

    private bool IsSlowGone => options.SlowDown == SlowDown.Missing && slow.Gate.IsClosed;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<Digest> missing;
        try
        {
            missing = await fast.FindMissingAsync(digests, cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            return await slow.FindMissingAsync(digests, cancellationToken);
        }

        uses.Note(digests, missing);
        if (missing.Count == 0 || IsSlowGone)
            return missing;
        try
        {
            return await slow.FindMissingAsync(missing, cancellationToken);
        }
        catch (StoreUnavailableException) when (options.SlowDown == SlowDown.Missing)
        {
            return missing;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (await TryOpenAsync(fast, digest, offset, cancellationToken) is { } near)
        {
            uses.Note(new[] { digest }, []);
            return new ResumingReader(digest, near, offset, (position, token) => TryOpenAsync(slow, digest, position, token));
        }

        if (IsSlowGone)
            return null;
        try
        {
            return offset == 0 ? await fills.OpenAsync(digest, cancellationToken) : await slow.OpenReadAsync(digest, offset, cancellationToken);
        }
        catch (StoreUnavailableException) when (options.SlowDown == SlowDown.Missing)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        BlobWriter? far = null;
        if (options.SlowWrites == SlowWrites.Required)
            far = await slow.OpenWriteAsync(digest, length, cancellationToken);
        else if (options.SlowWrites == SlowWrites.Optional)
            far = await TryOpenWriteAsync(slow, digest, length, cancellationToken);
        try
        {
            BlobWriter? near = far is null ? await fast.OpenWriteAsync(digest, length, cancellationToken) : await TryOpenWriteAsync(fast, digest, length, cancellationToken);
            return new FastSlowWriter(this, digest, near, far);
        }
        catch
        {
            if (far is not null)
                await far.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends what is done in the background.</summary>
    public async ValueTask DisposeAsync()
    {
        await uses.DisposeAsync();
        await replicator.DisposeAsync();
        await fills.DisposeAsync();
    }

    /// <summary>Whether a write may go on without the slow tier.</summary>
    internal bool IsSlowOptional => options.SlowWrites != SlowWrites.Required;

    /// <summary>A value was written to one tier alone: the slow one gets it later, or the fast one forgets what it had before.</summary>
    internal async ValueTask MendAsync(Digest digest, bool isFastWritten, bool isSlowWritten, CancellationToken cancellationToken)
    {
        if (isFastWritten && !isSlowWritten && options.SlowWrites == SlowWrites.Optional)
            replicator.Enqueue(digest, fast, slow, overwrites: true);
        if (isFastWritten || await TryOpenAsync(fast, digest, 0, cancellationToken) is not { } old)
            return;
        old.Discard();
        await old.DisposeAsync();
    }

    /// <summary>Opens a value where it may be; null as well if the store fails.</summary>
    private static async ValueTask<BlobReader?> TryOpenAsync(IBlobStore store, Digest digest, long offset, CancellationToken cancellationToken)
    {
        try
        {
            return await store.OpenReadAsync(digest, offset, cancellationToken);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or BlobCorruptException)
        {
            return null;
        }
    }

    private static async ValueTask<BlobWriter?> TryOpenWriteAsync(IBlobStore store, Digest digest, long length, CancellationToken cancellationToken)
    {
        try
        {
            return await store.OpenWriteAsync(digest, length, cancellationToken);
        }
        catch (Exception exception) when (exception is StoreUnavailableException or StoreFullException)
        {
            return null;
        }
    }
}
