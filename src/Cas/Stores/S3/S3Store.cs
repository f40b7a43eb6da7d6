using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// Keeps blobs in a bucket (docs/s3.md): many in one object, uploaded behind the writers, and read back with ranges. Which blobs are there it knows by itself; the bucket is
/// never asked.
/// </summary>
/// <remarks>
/// What it promises beyond <see cref="IBlobStore"/>: after a kill, opening the directory again finds what was acknowledged; without the directory all comes back from the
/// bucket that was uploaded. An object that is deleted behind its back makes its blobs absent. While the service can't be reached look-ups go on, and writes as far as
/// the backlog goes; reads of what is not at hand are a <see cref="StoreUnavailableException"/>. It does not verify that content matches its digest when it is written (a decorator
/// does), but detects damage that happens later, as <see cref="SegmentStore"/> does.
/// </remarks>
public sealed class S3Store : IBlobStore, IAsyncDisposable
{
    private const int MostWindows = 4; // a value in more of them is streamed
    private const string Title = "remoteexec s3";

    private readonly S3StoreOptions options;
    private readonly StoreDirectory directory;
    private readonly Bucket bucket;
    private readonly LocalPresence local;
    private readonly IPresence presence; // what look-ups are answered from
    private readonly PackFeed? feed; // if the prefix is shared
    private readonly PackUploader uploader;
    private readonly S3Maintenance maintenance;
    private readonly WindowCache windows;
    private readonly S3Metrics metrics;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private int closed;

    private S3Store(Parts parts, S3StoreOptions options, ILogger logger, TimeProvider time)
    {
        this.options = options;
        this.logger = logger;
        this.time = time;
        (directory, bucket, metrics) = (parts.Directory, parts.Bucket, parts.Metrics);
        Clock = new S3Clock(time);
        local = new LocalPresence(new PresenceFiles(directory.Path), directory.Key, Clock);
        Spool = new Spool(options, directory.Path, directory.Key, Clock, parts.Owner.Node, new StorageFaults(options.Name, logger, time), time);
        DirectoryFlush.Run(directory.Path); // the folders that were made there
        long began = time.GetTimestamp();
        local.Load(CancellationToken.None);
        Spool.Recover(local.HasLaterThan);
        CasLog.BucketStoreOpened(logger, options.Name, options.Bucket, local.Count, Spool.Index.Count, (long)time.GetElapsedTime(began).TotalMilliseconds);
        metrics.Watch(() => Statistics);
        windows = new WindowCache(bucket, options.CacheBytes, metrics);
        if (options.Shared is not null)
        {
            var contact = new PrefixContact(directory.Path, time);
            feed = new PackFeed(options.Name, parts.Owner.Node, new PackLog(options, parts.Owner.Name, logger), local, new PackEnds(bucket), contact, logger, time);
        }

        presence = feed is null ? local : new SharedPresence(local, feed);
        uploader = new PackUploader(options, Spool, bucket, presence, metrics, logger, time);
        var records = new PackRecords(local, bucket);
        IPackCompactor compactor = feed is null ? new PackCompactor(local, records, directory.Key, Spool) : new PackCopier(options, presence, records, bucket);
        IPackRemoval removal = feed is null ? new OwnPackRemoval(local, bucket) : new SharedPackRemoval(feed, local, bucket, time);
        maintenance = new S3Maintenance(
            options,
            local,
            new PackReconciler(options, local, () => local.Count, bucket, metrics, logger),
            new PackCollector(options, local, compactor, removal, Clock, metrics, logger),
            feed,
            parts.Owner,
            logger,
            time);
    }

    /// <summary>What it holds now.</summary>
    public S3StoreStatistics Statistics => new()
    {
        Blobs = local.Count,
        BacklogBlobs = Spool.Index.Count,
        BacklogBytes = Spool.Backlog,
        MaxBacklogBytes = options.MaxBacklog,
        BacklogAge = Spool.OldestSince is { } since ? TimeSpan.FromTicks(Math.Max(0, (time.GetUtcNow() - since).Ticks)) : null,
    };

    /// <summary>The name of the store.</summary>
    internal string Name => options.Name;

    /// <summary>What waits to be uploaded.</summary>
    internal Spool Spool { get; }

    /// <summary>The clock.</summary>
    internal S3Clock Clock { get; }

    /// <summary>What it hears from the nodes that share its prefix; null if it shares none.</summary>
    internal PackFeed? Feed => feed;

    /// <summary>What it does now and then.</summary>
    internal S3Maintenance Maintenance => maintenance;

    /// <summary>Opens the store. It answers at once, from what its directory says; what the bucket has besides comes in the background.</summary>
    /// <exception cref="ArgumentException">The options have problems; the message tells them all.</exception>
    /// <exception cref="StoreLockedException">Somebody else has the directory open.</exception>
    /// <exception cref="StoreFormatException">The directory is no such store, or one of another version.</exception>
    /// <exception cref="PrefixOwnedException">The prefix belongs to another node.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed, or the bucket can't be reached and the prefix was never made this node's.</exception>
    public static async ValueTask<S3Store> OpenAsync(S3StoreOptions options, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        var metrics = new S3Metrics(options.Name);
        var bucket = new Bucket(options, metrics);
        StoreDirectory? directory = null;
        try
        {
            directory = StoreDirectory.Open(options.Path, logger, Title);
            var owner = new PrefixOwner(options, directory.Path, bucket, logger);
            await owner.ClaimAsync(cancellationToken);
            return await Task.Run(() => new S3Store(new Parts(directory, bucket, metrics, owner), options, logger, time), cancellationToken);
        }
        catch (Exception fault)
        {
            directory?.Dispose();
            bucket.Dispose();
            metrics.Dispose();
            if (fault is IOException or UnauthorizedAccessException)
                throw new StoreUnavailableException(options.Name, fault);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        if (Spool.Index.Count == 0)
            return await presence.FindMissingAsync(digests, cancellationToken);

        // What the spool answers for is not asked of the presence; what it does not know must be asked there afterwards, as blobs move from the one to the other.
        var others = new HashSet<Digest>();
        var asked = new List<Digest>();
        foreach (Digest digest in digests)
        {
            SpoolIndex.Answer answer = Spool.Index.Find(directory.Key.TagOf(digest), digest.SizeBytes);
            if (answer == SpoolIndex.Answer.Other)
                others.Add(digest);
            if (answer == SpoolIndex.Answer.None)
                asked.Add(digest);
        }

        IReadOnlyCollection<Digest> missing = asked.Count == 0 ? [] : await presence.FindMissingAsync(asked, cancellationToken);
        if (others.Count == 0)
            return missing;
        others.UnionWith(missing);
        return [.. digests.Where(others.Remove)];
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        while (true)
        {
            switch (Spool.Index.Acquire(directory.Key.TagOf(digest), digest.SizeBytes, out IndexEntry entry, out SpoolPack? pack))
            {
                case SpoolIndex.Answer.Other:
                    return null;
                case SpoolIndex.Answer.Found:
                    return OpenSpooled(digest, entry, pack!, offset);
            }

            if (await presence.LocateAsync(digest, cancellationToken) is not { } place)
                return null;
            RequireOffset(offset, place.Length);

            // What is not there as the presence says was moved meanwhile, or is forgotten now: look again.
            if (await OpenPackedAsync(digest, place, offset, cancellationToken) is { } reader)
                return reader;
        }
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(closed != 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length >= IndexSlot.LengthLimit)
            throw new StoreFullException(options.Name, length, $"it takes less than {IndexSlot.LengthLimit} bytes at a time");
        return ValueTask.FromResult<BlobWriter>(new S3Writer(this, digest, length));
    }

    /// <summary>Uploads what it can without delay, writes a checkpoint and releases the directory.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
            return;
        await maintenance.DisposeAsync();
        await uploader.DisposeAsync();
        if (feed is not null)
            await feed.DisposeAsync();
        try
        {
            await local.CheckpointAsync(CancellationToken.None);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            CasLog.NoPresenceCheckpoint(logger, fault, options.Name);
        }
        finally
        {
            await ReleaseAsync();
        }
    }

    /// <summary>Leaves everything as a kill would.</summary>
    internal async ValueTask AbandonAsync()
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
            return;
        await uploader.AbandonAsync();
        await maintenance.DisposeAsync();
        if (feed is not null)
            await feed.AbandonAsync();
        await ReleaseAsync();
    }

    /// <summary>True for a value that gets a pack of its own.</summary>
    internal bool IsLong(long length) => length > options.LargeBytes;

    /// <summary>A record is in a pack of the spool: waits for the bucket if the store is to.</summary>
    /// <exception cref="StoreUnavailableException">The bucket did not take it in time. It goes on to be uploaded.</exception>
    internal async ValueTask CommittedAsync(SpoolPack pack, CancellationToken cancellationToken)
    {
        if (options.Acknowledge == S3Acknowledgement.Local)
            return;
        await uploader.HastenAsync(cancellationToken);
        try
        {
            // Another upload may be under way first.
            await pack.Uploaded.WaitAsync(options.Patience + options.PatienceFor(pack.Length), cancellationToken);
        }
        catch (TimeoutException late)
        {
            throw new StoreUnavailableException(options.Name, new TimeoutException("the bucket has not taken it in time; it is uploaded later", late));
        }
    }

    /// <summary>Opens the value of a place to be streamed from an offset of it, or from its header; null if the pack is gone, which is then forgotten.</summary>
    internal async ValueTask<BucketStream?> OpenObjectAsync(BlobPlace place, long offset, CancellationToken cancellationToken)
    {
        long start = place.Offset + place.HeaderLength + offset;
        BucketStream? stream = await bucket.OpenAsync(place.Pack.Key, start, place.Length - offset, cancellationToken);
        if (stream is null)
            await ForgetPackAsync(place.Pack, cancellationToken);
        return stream;
    }

    /// <summary>A value in the bucket is damaged: it is absent from now on.</summary>
    internal async ValueTask DropDamagedAsync(Digest digest, BlobPlace place, CancellationToken cancellationToken)
    {
        if (!await presence.ForgetAsync(digest, place, cancellationToken))
            return;
        metrics.Dropped(1, "damaged");
        CasLog.PackDamaged(logger, options.Name, place.Pack.Key, place.Offset);
    }

    /// <summary>A value in the spool is damaged: it is absent from now on.</summary>
    internal void DropDamaged(PackEntry entry, SpoolPack pack)
    {
        if (!Spool.Index.Drop(directory.Key.TagOf(entry.Record.Digest), pack, entry.Offset))
            return;
        metrics.Dropped(1, "damaged");
        CasLog.PackDamaged(logger, options.Name, pack.Path, entry.Offset);
    }

    private static void RequireOffset(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, length);
    }

    private SpoolReader? OpenSpooled(Digest digest, IndexEntry entry, SpoolPack pack, long offset)
    {
        bool isOpened = false;
        try
        {
            RequireOffset(offset, entry.Length);
            Span<byte> header = stackalloc byte[PackRecord.HeaderLengthFor(digest)];
            int read = pack.Read(header, entry.Place.Offset);
            isOpened = PackRecord.TryRead(header[..read], out PackRecord record) && digest.Matches(record.Digest);
            if (isOpened)
                return new SpoolReader(this, pack, new PackEntry(entry.Place.Offset, record), offset);
            Spool.Index.Drop(directory.Key.TagOf(digest), pack, entry.Place.Offset);
            return null;
        }
        finally
        {
            if (!isOpened)
                pack.Release();
        }
    }

    private async ValueTask<BlobReader?> OpenPackedAsync(Digest digest, BlobPlace place, long offset, CancellationToken cancellationToken)
    {
        place = place with { HeaderLength = PackRecord.HeaderLengthFor(digest) };
        long first = place.Offset / WindowCache.WindowBytes;
        long last = (place.Offset + place.HeaderLength + place.Length - 1) / WindowCache.WindowBytes;
        if (last - first < MostWindows)
            return await OpenWindowsAsync(digest, place, offset, first, (int)(last - first) + 1, cancellationToken);
        if (offset == place.Length)
            return new WindowReader([], 0, place.Length, offset);
        if (offset > 0)
            return await OpenObjectAsync(place, offset, cancellationToken) is { } tail ? new ObjectReader(this, digest, place, tail, null, offset) : null;

        BucketStream? stream = await OpenObjectAsync(place, -place.HeaderLength, cancellationToken);
        if (stream is null)
            return null;
        var header = new byte[place.HeaderLength];
        int filled = 0;
        for (int read = -1; filled < header.Length && read != 0; filled += read)
            read = await stream.ReadAsync(header.AsMemory(filled), cancellationToken);
        if (PackRecord.TryRead(header.AsSpan(0, filled), out PackRecord record) && digest.Matches(record.Digest) && record.ValueLength == place.Length)
            return new ObjectReader(this, digest, place, stream, record.Checksum, 0);
        await stream.DisposeAsync();
        await DropDamagedAsync(digest, place, cancellationToken);
        return null;
    }

    private async ValueTask<BlobReader?> OpenWindowsAsync(Digest digest, BlobPlace place, long offset, long first, int count, CancellationToken cancellationToken)
    {
        // What is damaged may have been damaged on its way, so it is read once more.
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            byte[]?[] content = await Task.WhenAll(
                Enumerable.Range(0, count).Select(i => windows.GetAsync(place.Pack, place.PackLength, first + i, cancellationToken).AsTask()));
            if (content.Contains(null))
            {
                await ForgetPackAsync(place.Pack, cancellationToken);
                return null;
            }

            byte[][] whole = content!;
            int start = (int)(place.Offset - first * WindowCache.WindowBytes);
            if (RecordInWindows.IsIntact(whole, start, digest, place.Length))
                return new WindowReader(whole, start + place.HeaderLength, place.Length, offset);
            for (int i = 0; i < count; i++)
                windows.Forget(place.Pack, first + i);
        }

        await DropDamagedAsync(digest, place, cancellationToken);
        return null;
    }

    private async ValueTask ForgetPackAsync(PackName pack, CancellationToken cancellationToken)
    {
        long blobs = await presence.ForgetPacksAsync([pack], cancellationToken);
        if (blobs == 0)
            return;
        metrics.Dropped(blobs, "gone");
        CasLog.PacksGone(logger, options.Name, 1, options.Prefix + pack.Key, blobs);
    }

    private async ValueTask ReleaseAsync()
    {
        await windows.DisposeAsync();
        await Spool.DisposeAsync();
        local.Dispose();
        bucket.Dispose();
        metrics.Dispose();
        directory.Dispose();
    }

    private sealed record Parts(StoreDirectory Directory, Bucket Bucket, S3Metrics Metrics, PrefixOwner Owner);
}
