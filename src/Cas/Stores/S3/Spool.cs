using System.Buffers;
using System.Threading.Channels;
using RemoteExec.Cas.Stores.Segments;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores.S3;

/// <summary>
/// The packs on the local disk: the open one, to which records are appended one after the other, and those that are sealed and wait to be uploaded.
/// <code>
/// spool/NNNNNNNNNN.open    being filled: whole records, and at its end after a kill perhaps a torn one
/// spool/NAME.sealed        the very bytes of the object; after a power failure perhaps not all of them
/// spool/NAME.pack          the same, on the medium
/// spool/NNNNNNNNNN.new     a long value that is being written
/// </code>
/// </summary>
/// <remarks>
/// Of the values of one key the one in the pack that was sealed last counts: within a pack its manifest lists the last one only, and before a long value becomes a pack of
/// its own, an open pack with a value of that key is sealed.
/// </remarks>
internal sealed partial class Spool : IAsyncDisposable
{
    private readonly S3StoreOptions options;
    private readonly StoreKey key;
    private readonly S3Clock clock;
    private readonly uint node;
    private readonly StorageFaults faults;
    private readonly TimeProvider time;
    private readonly string directory;
    private readonly SemaphoreSlim appending = new(1); // guards the open pack
    private readonly Channel<SpoolPack> sealedPacks = Channel.CreateUnbounded<SpoolPack>();
    private SpoolPack? open;
    private long backlog;
    private bool closed;

    /// <summary>Makes it over the directory of a store.</summary>
    public Spool(S3StoreOptions options, string path, StoreKey key, S3Clock clock, uint node, StorageFaults faults, TimeProvider time)
    {
        this.options = options;
        this.key = key;
        this.clock = clock;
        this.node = node;
        this.faults = faults;
        this.time = time;
        directory = Path.Combine(path, "spool");
        Directory.CreateDirectory(directory);
    }

    /// <summary>Which blobs are here.</summary>
    public SpoolIndex Index { get; } = new();

    /// <summary>The sealed packs, in the order in which they were, or were taken up again.</summary>
    public ChannelReader<SpoolPack> Sealed => sealedPacks.Reader;

    /// <summary>The bytes that are here, or that writers announced.</summary>
    public long Backlog => Interlocked.Read(ref backlog);

    /// <summary>Since when the pack waits that has waited for longest; null if none does.</summary>
    public DateTimeOffset? OldestSince => Index.Packs().Select(pack => (DateTimeOffset?)pack.Since).Min();

    /// <summary>Takes room for a record of a length.</summary>
    /// <exception cref="StoreFullException">The backlog is at its bound.</exception>
    public void Reserve(long bytes)
    {
        if (Interlocked.Add(ref backlog, bytes) <= options.MaxBacklog)
            return;
        Interlocked.Add(ref backlog, -bytes);
        throw new StoreFullException(
            options.Name, bytes, $"{Backlog} bytes wait to be uploaded, and maxBacklog is {options.MaxBacklog}: see why the bucket does not take them, or raise it");
    }

    /// <summary>Gives room back.</summary>
    public void Unreserve(long bytes) => Interlocked.Add(ref backlog, -bytes);

    /// <summary>A file for a long value that is being written.</summary>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public SpoolPack CreateLong()
    {
        int number = Index.NextNumber();
        return SpoolPack.Create(number, Path.Combine(directory, $"{number:D10}.new"), faults, IsVisible, time);
    }

    /// <summary>Appends a record to the open pack. For it room was reserved, which it keeps.</summary>
    /// <param name="record">The record.</param>
    /// <param name="write">Writes header and value at an offset of the pack.</param>
    /// <param name="isWanted">Asked once nothing else can be appended: whether it is to be appended after all.</param>
    /// <param name="cancellationToken">Ends the wait for others that append.</param>
    /// <returns>The pack; null if it was not wanted.</returns>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public async ValueTask<SpoolPack?> AppendAsync(PackRecord record, Action<SpoolPack, long> write, Func<bool>? isWanted, CancellationToken cancellationToken)
    {
        await appending.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(closed, typeof(S3Store));
            if (isWanted is not null && !isWanted())
                return null;
            if (open is not null && IsFull(open))
                SealOpen();
            SpoolPack pack = open ??= Open();
            pack.Cut(); // what an append left that failed
            long offset = pack.Length;
            write(pack, offset);
            pack.Advance(offset + record.Length);
            pack.Backlog += record.Length;
            UInt128 tag = key.TagOf(record.Digest);
            pack.Entries[tag] = new PackEntry(offset, record);
            Index.Set(tag, pack, pack.Entries[tag]);
            MarkUnflushed(pack);
            pack.IsAwaited |= isWanted is null && !pack.IsVisible;
            return pack;
        }
        finally
        {
            appending.Release();
        }
    }

    /// <summary>Makes a long value that was written a pack of its own. For it room was reserved, which it keeps.</summary>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public async ValueTask PublishLongAsync(SpoolPack pack, PackRecord record, CancellationToken cancellationToken)
    {
        await appending.WaitAsync(cancellationToken);
        try
        {
            ObjectDisposedException.ThrowIf(closed, typeof(S3Store));
            UInt128 tag = key.TagOf(record.Digest);
            if (open?.Entries.ContainsKey(tag) == true)
                SealOpen();
            pack.Advance(record.Length);
            pack.Backlog = record.Length;
            var entry = new PackEntry(0, record);
            Seal(pack, [entry], NextName());
            Index.Add(pack);
            Index.Set(tag, pack, entry);
            sealedPacks.Writer.TryWrite(pack);
        }
        finally
        {
            appending.Release();
        }
    }

    /// <summary>Seals the open pack, if there is one and the caller wants it.</summary>
    /// <exception cref="CasException">The disk failed, or is full.</exception>
    public async ValueTask SealAsync(Func<SpoolPack, bool> isDue, CancellationToken cancellationToken)
    {
        await appending.WaitAsync(cancellationToken);
        try
        {
            if (open is { } pack && isDue(pack))
                SealOpen();
        }
        finally
        {
            appending.Release();
        }
    }

    /// <summary>True if a pack is so long or so old that it is to be sealed.</summary>
    public bool IsComplete(SpoolPack pack) => IsFull(pack) || time.GetElapsedTime(pack.Began) >= options.SealAfter;

    /// <summary>A sealed pack that could not be uploaded is taken up again, behind the others; at the next start if nothing is any more.</summary>
    public void Requeue(SpoolPack pack) => sealedPacks.Writer.TryWrite(pack);

    /// <summary>A pack is in the bucket, and found there: it leaves.</summary>
    public void Remove(SpoolPack pack, IReadOnlyList<PackEntry> entries)
    {
        foreach (PackEntry entry in entries)
            Index.Drop(key.TagOf(entry.Record.Digest), pack, offset: null);
        File.Delete(pack.Path);
        Unreserve(pack.Backlog);
        Index.Remove(pack);
        pack.EndUpload();
    }

    /// <summary>The records of a sealed pack.</summary>
    /// <exception cref="StoreUnavailableException">The disk failed, or has damaged it.</exception>
    public IReadOnlyList<PackEntry> ReadManifest(SpoolPack pack) =>
        TryReadManifest(pack) ?? throw new StoreUnavailableException(options.Name, new IOException($"the end of {pack.Path} is damaged"));

    private static IReadOnlyList<PackEntry>? TryReadManifest(SpoolPack pack)
    {
        long length = pack.Length;
        Span<byte> trailer = stackalloc byte[PackManifest.TrailerLength];
        if (length >= trailer.Length && pack.Read(trailer, length - trailer.Length) == trailer.Length && PackManifest.TryReadLength(trailer, out long manifestLength) && manifestLength <= length)
        {
            var manifest = new byte[manifestLength];
            if (pack.Read(manifest, length - manifestLength) == manifest.Length)
                return PackManifest.TryRead(manifest);
        }

        return null;
    }

    /// <summary>Nothing is appended any more; what is open is sealed if that is wanted and can be done.</summary>
    public async ValueTask CloseAsync(bool seal)
    {
        await appending.WaitAsync();
        try
        {
            closed = true;
            if (seal && open is not null)
                SealOpen();
        }
        finally
        {
            sealedPacks.Writer.TryComplete();
            appending.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (flushing)
        {
            foreach (SpoolPack pack in unflushed)
                pack.Release();
            unflushed.Clear();
        }

        foreach (SpoolPack pack in Index.Packs())
        {
            pack.GiveUpUpload(new StoreUnavailableException(options.Name, new IOException("the store was closed before the upload; it goes on at the next start")));
            pack.Release();
        }

        return ValueTask.CompletedTask;
    }

    private bool IsVisible => options.Acknowledge == S3Acknowledgement.Local;

    private bool IsFull(SpoolPack pack) => pack.Length >= options.PackBytes;

    private SpoolPack Open()
    {
        int number = Index.NextNumber();
        SpoolPack pack = SpoolPack.Create(number, Path.Combine(directory, $"{number:D10}.open"), faults, IsVisible, time);
        Index.Add(pack);
        return pack;
    }

    /// <summary>Seals the open pack. The caller holds it.</summary>
    private void SealOpen()
    {
        SpoolPack pack = open!;
        Seal(pack, pack.Entries.Values, NextName());
        open = null;
        sealedPacks.Writer.TryWrite(pack);
    }

    private string PathOnMedium(PackName name) => Path.Combine(directory, $"{name}.pack");

    private PackName NextName() => new(clock.Next(), node);

    private void Seal(SpoolPack pack, IEnumerable<PackEntry> entries, PackName name)
    {
        var manifest = new ArrayBufferWriter<byte>();
        PackManifest.Write(manifest, entries, pack.Length);
        pack.Cut();
        pack.Write(manifest.WrittenSpan, pack.Length);
        pack.Seal(name, Path.Combine(directory, $"{name}.sealed"));
        pack.Advance(pack.Length + manifest.WrittenCount);
        MarkUnflushed(pack);
    }
}
