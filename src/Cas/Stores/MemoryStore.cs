using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores;

/// <summary>Keeps blobs in memory up to a bound, evicting the least recently used. For tests and for small caches; lost at the end of the process.</summary>
/// <param name="maxBytes">The bound on the sum of the values' lengths.</param>
/// <param name="clock">The clock, for what is told of it; that of the system if it is null.</param>
public sealed class MemoryStore(long maxBytes, TimeProvider? clock = null) : IBlobStore
{
    private readonly TimeProvider time = clock ?? TimeProvider.System;
    private readonly Lock gate = new(); // guards everything below
    private readonly Dictionary<Digest, LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)>> blobs = []; // by WithoutSize
    private readonly LinkedList<(Digest Digest, byte[] Content, long UsedAt)> byUse = []; // the most recently used first
    private long usedBytes;
    private long evictedBlobs;
    private TimeSpan? evictionAge;

    /// <summary>What it holds now, and what it has dropped.</summary>
    public MemoryStoreStatistics Statistics
    {
        get
        {
            lock (gate)
                return new MemoryStoreStatistics { Blobs = blobs.Count, Bytes = usedBytes, MaxBytes = maxBytes, EvictedBlobs = evictedBlobs, EvictionAge = evictionAge };
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        OrderedDictionary<Digest, bool>? missing = null;
        lock (gate)
        {
            foreach (Digest digest in digests)
            {
                if (Touch(digest) is null)
                    (missing ??= []).TryAdd(digest, true);
            }
        }

        return ValueTask.FromResult((IReadOnlyCollection<Digest>?)missing?.Keys ?? []);
    }

    /// <inheritdoc/>
    public ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        byte[]? content;
        lock (gate)
            content = Touch(digest);
        if (content is null)
            return ValueTask.FromResult<BlobReader?>(null);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, content.Length);
        return ValueTask.FromResult<BlobReader?>(new Reader(this, digest, content, (int)offset));
    }

    /// <inheritdoc/>
    public ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        if (length > Math.Min(maxBytes, Array.MaxLength))
            throw new StoreFullException("memory", length, $"it holds {maxBytes} bytes in all");
        return ValueTask.FromResult<BlobWriter>(new Writer(this, digest, new byte[length]));
    }

    private void Discard(Digest digest, byte[] content)
    {
        lock (gate)
        {
            if (blobs.TryGetValue(digest.WithoutSize(), out LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)>? node) && node.Value.Content == content)
            {
                blobs.Remove(digest.WithoutSize());
                Drop(node);
            }
        }
    }

    private byte[]? Touch(Digest digest)
    {
        if (!blobs.TryGetValue(digest.WithoutSize(), out LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)>? node) || !digest.Matches(node.Value.Digest))
            return null;
        byUse.Remove(node);
        byUse.AddFirst(node);
        node.ValueRef.UsedAt = time.GetTimestamp();
        return node.Value.Content;
    }

    private void Publish(Digest digest, byte[] content)
    {
        lock (gate)
        {
            if (blobs.Remove(digest.WithoutSize(), out LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)>? old))
                Drop(old);
            blobs[digest.WithoutSize()] = byUse.AddFirst((digest, content, time.GetTimestamp()));
            usedBytes += content.Length;
            while (usedBytes > maxBytes)
            {
                LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)> last = byUse.Last!;
                blobs.Remove(last.Value.Digest.WithoutSize());
                Drop(last);
                evictedBlobs++;
                evictionAge = time.GetElapsedTime(last.Value.UsedAt);
            }
        }
    }

    private void Drop(LinkedListNode<(Digest Digest, byte[] Content, long UsedAt)> node)
    {
        byUse.Remove(node);
        usedBytes -= node.Value.Content.Length;
    }

    private sealed class Reader(MemoryStore store, Digest digest, byte[] content, int position) : MemoryReader(content, position)
    {
        private readonly byte[] content = content;

        public override void Discard() => store.Discard(digest, content);
    }

    private sealed class Writer(MemoryStore store, Digest digest, byte[] content) : BlobWriter
    {
        private int position;

        public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
        {
            if (data.Length > content.Length - position)
                throw new InvalidOperationException($"more than the announced {content.Length} bytes");
            data.CopyTo(content.AsSpan(position));
            position += (int)data.Length;
            return ValueTask.CompletedTask;
        }

        public override ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            if (position != content.Length)
                throw new InvalidOperationException($"{position} of the announced {content.Length} bytes were written");
            store.Publish(digest, content);
            return ValueTask.CompletedTask;
        }

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
