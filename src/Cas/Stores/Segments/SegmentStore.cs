using System.Buffers;
using Microsoft.Extensions.Logging;
using RemoteExec.Cas.Builds;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.Segments;

/// <summary>
/// Keeps blobs on disk, in files to which records are only ever appended (docs/storage.md). Bounded; evicts by use, a segment at a time.
/// </summary>
/// <remarks>
/// What it promises beyond <see cref="IBlobStore"/>: after the process ended in any way, opening the directory again finds what was
/// committed, and never a blob that is not whole. What was committed just before a power failure may be lost (<see cref="Durability"/>). It does not
/// verify that content matches its digest when it is written (a decorator does), but detects damage that happens later: small
/// values are verified when they are opened (a damaged one is absent), larger ones while they are read as a whole (the reader throws
/// <see cref="BlobCorruptException"/> before it hands out the last bytes); a read that starts in the middle of a larger value can't tell.
/// </remarks>
public sealed class SegmentStore : IBlobStore, IAsyncDisposable
{
    private const int LookUpBatch = 64; // digests whose places in the index are on their way from memory at the same time
    private const int FewMissing = 64;
    private const int SmallWriteBytes = 16384; // written as one piece at commit
    private const int LargeWriteBytes = 1 << 20;
    private const int CommitsPerLook = 1024;

    private readonly SegmentStoreOptions options;
    private readonly StoreDirectory directory;
    private readonly SegmentRecovery recovery;
    private readonly RecordOpener opener;
    private readonly CheckpointWriter checkpoints;
    private readonly RecordMover mover;
    private readonly SegmentEvictor evictor;
    private readonly CommitFlusher flusher;
    private readonly SegmentMaintenance maintenance;
    private readonly LiveBuilds builds;
    private readonly ILogger logger;
    private readonly KeyGates commits = new();
    private long damagedRecords;
    private int closed;

    private SegmentStore(
        SegmentStoreOptions options, StoreDirectory directory, SegmentLog log, SegmentRecovery recovery, LiveBuilds builds, ILogger logger, TimeProvider timeProvider)
    {
        this.options = options;
        this.directory = directory;
        this.recovery = recovery;
        this.builds = builds;
        this.logger = logger;
        Log = log;
        damagedRecords = recovery.DamagedRecords;
        opener = new RecordOpener(this);
        checkpoints = new CheckpointWriter(directory, log, recovery.HasChanged);
        flusher = new CommitFlusher(options.Durability, logger, timeProvider);
        mover = new RecordMover(options, log, directory.Key, (tag, place, segment) => DropDamaged(tag, place, segment));
        evictor = new SegmentEvictor(options, log, directory, mover, new BuildProtection(options, log, builds, logger, timeProvider), logger, timeProvider);
        maintenance = new SegmentMaintenance(log, evictor, checkpoints, options.MinFreeBytes > 0, logger, timeProvider);
        maintenance.Wake();
    }

    /// <summary>The counts of this moment.</summary>
    public SegmentStoreStatistics Statistics
    {
        get
        {
            (long blobs, long diskBytes, int segments) = Log.Measure();
            return new SegmentStoreStatistics
            {
                Blobs = blobs,
                DiskBytes = diskBytes,
                Segments = segments,
                BoundBytes = Log.Bound,
                EvictionAge = evictor.EvictionAge,
                KeptBytes = evictor.KeptBytes,
                EvictedBlobs = evictor.EvictedBlobs,
                EvictedBytes = evictor.EvictedBytes,
                MovedBlobs = mover.MovedBlobs,
                MovedBytes = mover.MovedBytes,
                DamagedRecords = Interlocked.Read(ref damagedRecords),
                Flushes = flusher.Flushes,
                IndexBytes = Log.IndexBytes,
                RecoveredRecords = recovery.RecoveredRecords,
                RecoveryTime = recovery.Duration,
            };
        }
    }

    /// <summary>The state that the readers and writers share.</summary>
    internal SegmentLog Log { get; }

    /// <summary>The secret of the store.</summary>
    internal StoreKey Key => directory.Key;

    /// <summary>Opens the store in a directory, which is created if it is absent; no build is known to use it.</summary>
    /// <inheritdoc cref="OpenAsync(SegmentStoreOptions, LiveBuilds, ILogger, TimeProvider, CancellationToken)"/>
    public static ValueTask<SegmentStore> OpenAsync(
        SegmentStoreOptions options, ILogger logger, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        OpenAsync(options, LiveBuilds.None, logger, timeProvider, cancellationToken);

    /// <summary>Opens the store in a directory, which is created if it is absent.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="builds">What these use is not evicted, as far as <see cref="SegmentStoreOptions.BuildsPercent"/> goes.</param>
    /// <param name="logger">For what an operator has to know.</param>
    /// <param name="timeProvider">The clock, that of <paramref name="builds"/> as well.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ArgumentException">The options have problems; the message tells them all.</exception>
    /// <exception cref="StoreLockedException">Somebody else has the directory open.</exception>
    /// <exception cref="StoreFormatException">The directory is no store, or one of another version.</exception>
    /// <exception cref="StoreUnavailableException">The disk failed.</exception>
    public static async ValueTask<SegmentStore> OpenAsync(
        SegmentStoreOptions options, LiveBuilds builds, ILogger logger, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        if (options.Validate().ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems), nameof(options));
        return await Task.Run(() => Open(options, builds, logger, timeProvider, cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        if (digests is Digest[] { Length: 1 } one) // as each message of an upload asks
            return ValueTask.FromResult<IReadOnlyCollection<Digest>>(Log.Use(Key.TagOf(one[0]), one[0].SizeBytes) ? [] : one);
        List<Digest>? missing = null;
        HashSet<(UInt128 Tag, long Size)>? seen = null; // most often none is missing
        Span<UInt128> tags = stackalloc UInt128[LookUpBatch];
        for (ReadOnlySpan<Digest> left = DigestSpan.Of(digests); !left.IsEmpty; left = left[Math.Min(left.Length, LookUpBatch)..])
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(left.Length, LookUpBatch);
            Key.TagsOf(left[..count], tags);
            for (int i = 0; i < count; i++)
                Log.Prefetch(tags[i]);
            for (int i = 0; i < count; i++)
            {
                if (Log.Use(tags[i], left[i].SizeBytes) || !(seen ??= []).Add((tags[i], left[i].SizeBytes)))
                    continue;
                (missing ??= []).Add(left[i]);
                if (missing.Count != FewMissing)
                    continue;

                // Who lacks that many often lacks all the others: to grow step by step would leave as much garbage again.
                missing.EnsureCapacity(FewMissing + left.Length);
                seen.EnsureCapacity(FewMissing + left.Length);
            }
        }

        return ValueTask.FromResult<IReadOnlyCollection<Digest>>((IReadOnlyCollection<Digest>?)missing ?? []);
    }

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        UInt128 tag = Key.TagOf(digest);
        while (Log.TryAcquire(tag, digest.SizeBytes, out IndexEntry entry, out SegmentFile? segment))
        {
            BlobReader? reader = null;
            try
            {
                reader = opener.TryOpen(digest, tag, segment, entry, offset);

                // A record that is not right is damaged, unless it was replaced or moved since it was looked up: then look again.
                if (reader is not null || DropDamaged(tag, entry.Place, segment))
                    return ValueTask.FromResult(reader);
            }
            finally
            {
                if (reader is null or SmallRecordReader)
                    segment.Release();
            }
        }

        return ValueTask.FromResult<BlobReader?>(null);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        int headerLength = RecordHeader.LengthFor(digest);
        if (length <= SmallWriteBytes)
            return new SmallRecordWriter(this, digest, (int)length, headerLength);
        if (length > options.MaxBytes)
            CheckFits(length); // before anything is added to it: a client may have announced any number
        if (options.Compression == SegmentCompression.Zstd)
        {
            CheckFits(CompressedValue.MaxRecordLength(headerLength, length));
            return new CompressingWriter(this, digest, length, headerLength, options.CompressedPercent);
        }

        Reservation reservation = await ReserveAsync(RecordHeader.RecordLengthFor(headerLength, length), cancellationToken);
        return new SegmentWriter(this, digest, length, headerLength, reservation);
    }

    /// <summary>
    /// Ends background work, writes a checkpoint and releases the directory. Readers that are still open stay usable; writers can't
    /// commit any more.
    /// </summary>
    public ValueTask DisposeAsync() => CloseAsync(checkpoint: true);

    /// <summary>Closes the store; without a checkpoint the next start finds it as after a crash.</summary>
    internal async ValueTask CloseAsync(bool checkpoint)
    {
        if (Interlocked.Exchange(ref closed, 1) != 0)
            return;
        await maintenance.DisposeAsync();
        await flusher.DisposeAsync();
        try
        {
            if (checkpoint && !checkpoints.IsPointless)
                await checkpoints.WriteAsync(CancellationToken.None);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            CasLog.NoLastCheckpoint(logger, fault, options.Name);
        }
        finally
        {
            Log.Close();
        }
    }

    /// <summary>Writes a checkpoint now.</summary>
    internal Task CheckpointAsync(CancellationToken cancellationToken) => checkpoints.WriteAsync(cancellationToken);

    /// <summary>Reserves space for a record, making room if need be. The caller holds the reservation's segment, and releases it.</summary>
    /// <exception cref="StoreFullException">It can't fit, or the disk is full.</exception>
    internal async ValueTask<Reservation> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        CheckFits(bytes);
        while (true)
        {
            if (Log.TryReserve(bytes, out Reservation reservation))
                return reservation;
            if (!Log.HasRoomFor(bytes) && !await evictor.MakeRoomAsync(bytes, isUrgent: true, cancellationToken))
                throw new StoreFullException(options.Name, bytes, "free some space on its disk, or raise its maxBytes");
            try
            {
                if (await Log.ReserveInNewSegmentAsync(bytes, beyondBound: false, cancellationToken) is { } reserved)
                {
                    maintenance.Wake();
                    return reserved;
                }
            }
            catch (StoreFullException)
            {
                OnDiskFull();
                throw;
            }

            // Another writer took the room that was made.
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private void CheckFits(long bytes)
    {
        if (bytes > options.LargestRecord)
            throw new StoreFullException(options.Name, bytes, $"it takes at most {options.LargestRecord} bytes at a time; raise its maxBytes");
    }

    /// <summary>
    /// The disk had no space for what the bound allows. The bound is lowered to what fits, until there is space again, and room is made, so
    /// that writing works again soon; the caller's write has failed.
    /// </summary>
    internal void OnDiskFull()
    {
        if (!Log.LowerBound(evictor.FreeBytes ?? 0))
            return; // as low as it gets, and that was told
        CasLog.DiskFull(logger, options.Name, Log.Bound);
        maintenance.Wake();
    }

    /// <summary>
    /// Ends a write: gives the record its number, writes its header and makes it visible.
    /// </summary>
    /// <param name="digest">The key.</param>
    /// <param name="value">The value, as it is stored.</param>
    /// <param name="reservation">The place of the record.</param>
    /// <param name="start">Where the header is put, followed by as much of the record as is not written yet.</param>
    /// <param name="startLength">How many bytes of <paramref name="start"/> are to be written.</param>
    /// <param name="cancellationToken">Has an effect only before the record is visible.</param>
    internal async ValueTask CommitAsync(
        Digest digest, StoredValue value, Reservation reservation, byte[] start, int startLength, CancellationToken cancellationToken)
    {
        UInt128 tag = Key.TagOf(digest);
        SemaphoreSlim gate = commits.For(tag);
        await gate.WaitAsync(cancellationToken);
        try
        {
            long sequence = Log.NextSequence();
            new RecordHeader(digest, sequence, value.Length, value.Checksum, value.IsCompressed).Write(start, Key, reservation.Place);
            reservation.Segment.Write(start.AsSpan(0, startLength), reservation.Offset);
            await flusher.WrittenAsync(reservation.Segment);
            Touch touch = builds.CountsWriting ? Touch.Writing(Log.Era) : default;
            if (!Log.Publish(reservation, tag, new IndexEntry(reservation.Place, value.Length, digest.SizeBytes, touch)))
                throw Evicted(digest);
            if (value.Length >= LargeWriteBytes || sequence % CommitsPerLook == 0)
                maintenance.Wake(); // a checkpoint may be due
        }
        catch (StoreFullException)
        {
            OnDiskFull();
            throw;
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>What a writer tells whose space is gone.</summary>
    internal StoreUnavailableException Evicted(Digest digest) =>
        new(options.Name, new IOException($"the space for {digest} was taken away while it was written, because everything else was gone; write it again"));

    /// <summary>Drops a blob whose record turned out to be damaged; false if the index does not point there any more.</summary>
    internal bool DropDamaged(UInt128 tag, RecordPlace place, SegmentFile segment)
    {
        if (!Log.Drop(tag, place))
            return false;
        Interlocked.Increment(ref damagedRecords);
        CasLog.RecordDamaged(logger, segment.Path, place.Offset);
        return true;
    }

    private static SegmentStore Open(
        SegmentStoreOptions options, LiveBuilds builds, ILogger logger, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        StoreDirectory? directory = null;
        SegmentLog? log = null;
        try
        {
            directory = StoreDirectory.Open(options.Path, logger);
            var faults = new StorageFaults(options.Name, logger, timeProvider);
            log = new SegmentLog(directory, options, faults, new FileSpace(options.Name, logger), timeProvider);
            var recovery = new SegmentRecovery(directory, log, options.Durability, faults, logger, timeProvider);
            recovery.Run(cancellationToken);
            (long blobs, _, int segments) = log.Measure();
            CasLog.StoreOpened(logger, options.Name, directory.Path, blobs, segments, (long)recovery.Duration.TotalMilliseconds);
            return new SegmentStore(options, directory, log, recovery, builds, logger, timeProvider);
        }
        catch (Exception fault)
        {
            if (log is not null)
                log.Close();
            else
                directory?.Dispose();
            if (fault is IOException or UnauthorizedAccessException)
                throw new StoreUnavailableException(options.Name, fault);
            throw;
        }
    }
}
