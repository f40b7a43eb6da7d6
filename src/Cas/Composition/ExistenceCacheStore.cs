using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>
/// Remembers for a while which digests a store was found to have, and does not ask for them again. Absence is never remembered.
/// </summary>
/// <remarks>
/// It leans on one promise: that the store within keeps what it was just found to have, or was just given, for as long as is remembered here, whether it is used meanwhile or not. Where that does not
/// hold, what is called present may not be readable. A look-up that is answered from memory is no use of the blob within. What a read finds absent or damaged is forgotten at once.
/// </remarks>
/// <param name="inner">The store within.</param>
/// <param name="ttl">How long a digest is remembered.</param>
/// <param name="maxEntries">How many are remembered at most; the oldest are forgotten first. About 150 bytes each.</param>
/// <param name="time">The clock.</param>
public sealed class ExistenceCacheStore(IBlobStore inner, TimeSpan ttl, int maxEntries, TimeProvider time) : IBlobStore
{
    private readonly Lock gate = new(); // guards everything below
    private Dictionary<Digest, (long Size, long At)> young = []; // by WithoutSize
    private Dictionary<Digest, (long Size, long At)> old = [];
    private long forgettings;

    /// <summary>How many digests are remembered; some of them for too long already, and some twice.</summary>
    public int Entries
    {
        get
        {
            lock (gate)
                return young.Count + old.Count;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        long asked = time.GetTimestamp();
        List<Digest> unknown = UnknownOf(digests, asked, out long before);
        if (unknown.Count == 0)
            return [];
        IReadOnlyCollection<Digest> missing = await inner.FindMissingAsync(unknown, cancellationToken);
        if (missing.Count < unknown.Count)
            Remember(missing.Count == 0 ? unknown : unknown.Except(missing), asked, before);
        return missing;
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        try
        {
            if (await inner.OpenReadAsync(digest, offset, cancellationToken) is { } reader)
                return new Reader(this, digest, reader);
        }
        catch (BlobCorruptException)
        {
            Forget(digest);
            throw;
        }

        Forget(digest);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken) =>
        new Writer(this, digest, await inner.OpenWriteAsync(digest, length, cancellationToken));

    private List<Digest> UnknownOf(IReadOnlyCollection<Digest> digests, long now, out long before)
    {
        List<Digest> unknown = [];
        lock (gate)
        {
            before = forgettings;
            foreach (ref readonly Digest digest in DigestSpan.Of(digests))
            {
                Digest key = digest.WithoutSize();
                bool isKnown = (young.TryGetValue(key, out (long Size, long At) entry) || old.TryGetValue(key, out entry))
                    && entry.Size == digest.SizeBytes && time.GetElapsedTime(entry.At, now) < ttl;
                if (!isKnown)
                    unknown.Add(digest);
            }
        }

        return unknown;
    }

    /// <summary>Remembers what was found, unless something was forgotten since it was asked for, which it may be, or another size was written meanwhile.</summary>
    private void Remember(IEnumerable<Digest> found, long asked, long before)
    {
        lock (gate)
        {
            if (before != forgettings)
                return;
            foreach (Digest digest in found)
            {
                if (!young.TryGetValue(digest.WithoutSize(), out (long Size, long At) entry) || entry.At < asked)
                    Add(digest, asked);
            }
        }
    }

    /// <summary>To be called with the lock held.</summary>
    private void Add(in Digest digest, long at)
    {
        if (young.Count >= Math.Max(1, maxEntries / 2))
            (young, old) = ([], young);
        young[digest.WithoutSize()] = (digest.SizeBytes, at);
    }

    private void Forget(Digest digest)
    {
        lock (gate)
        {
            forgettings++;
            young.Remove(digest.WithoutSize());
            old.Remove(digest.WithoutSize());
        }
    }

    private void Committed(Digest digest)
    {
        lock (gate)
            Add(digest, time.GetTimestamp()); // in the place of what was under its hash with another size
    }

    private sealed class Reader(ExistenceCacheStore store, Digest digest, BlobReader inner) : BlobReader
    {
        public override long Length => inner.Length;

        public override long? ZstdLength => inner.ZstdLength;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => Watch(inner.ReadAsync(destination, cancellationToken));

        public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) => Watch(inner.ReadZstdAsync(destination, cancellationToken));

        public override void Discard()
        {
            inner.Discard();
            store.Forget(digest);
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private async ValueTask<int> Watch(ValueTask<int> read)
        {
            try
            {
                return await read;
            }
            catch (BlobCorruptException)
            {
                store.Forget(digest);
                throw;
            }
        }
    }

    private sealed class Writer(ExistenceCacheStore store, Digest digest, BlobWriter inner) : BlobWriter
    {
        public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) => inner.WriteAsync(data, cancellationToken);

        public override async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            await inner.CommitAsync(cancellationToken);
            store.Committed(digest);
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
