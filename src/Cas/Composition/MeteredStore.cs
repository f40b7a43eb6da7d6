using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Counts what a store does: operations with their outcome and duration, bytes, hits and misses. Nothing else changes.</summary>
/// <param name="name">The name of the store in the metrics.</param>
/// <param name="inner">The store within.</param>
/// <param name="metrics">What counts.</param>
/// <param name="time">The clock.</param>
public sealed class MeteredStore(string name, IBlobStore inner, StoreMetrics metrics, TimeProvider time) : IBlobStore
{
    private string Name => name;

    private StoreMetrics Metrics => metrics;

    private TimeProvider Time => time;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        var operation = new Operation(this, "find_missing");
        try
        {
            IReadOnlyCollection<Digest> missing = await inner.FindMissingAsync(digests, cancellationToken);
            operation.Outcome = "ok";
            metrics.LookUps(name, digests.Count - missing.Count, missing.Count);
            return missing;
        }
        finally
        {
            operation.End();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        var operation = new Operation(this, "read");
        BlobReader? reader = null;
        try
        {
            reader = await inner.OpenReadAsync(digest, offset, cancellationToken);
            metrics.LookUps(name, reader is null ? 0 : 1, reader is null ? 1 : 0);
            operation.Outcome = reader is null ? "miss" : "ok";
            return reader is null ? null : new Reader(operation, reader);
        }
        finally
        {
            if (reader is null)
                operation.End();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        var operation = new Operation(this, "write");
        BlobWriter? writer = null;
        try
        {
            writer = await inner.OpenWriteAsync(digest, length, cancellationToken);
            return new Writer(operation, writer);
        }
        finally
        {
            if (writer is null)
                operation.End();
        }
    }

    /// <summary>One operation, an error until it is known to be something else.</summary>
    private sealed class Operation(MeteredStore store, string kind)
    {
        private readonly long began = store.Time.GetTimestamp();

        public string Outcome { get; set; } = "error";

        public void Bytes(string direction, long count) => store.Metrics.Bytes(store.Name, direction, count);

        public void End() => store.Metrics.Operation(store.Name, kind, Outcome, store.Time.GetElapsedTime(began));
    }

    private sealed class Reader(Operation operation, BlobReader inner) : BlobReader
    {
        private long read;

        public override long Length => inner.Length;

        public override long? ZstdLength => inner.ZstdLength;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) => CountAsync(inner.ReadAsync(destination, cancellationToken));

        public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) => CountAsync(inner.ReadZstdAsync(destination, cancellationToken));

        public override void Discard() => inner.Discard();

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            operation.Bytes("read", read);
            operation.End();
        }

        private async ValueTask<int> CountAsync(ValueTask<int> pending)
        {
            operation.Outcome = "error";
            int count = await pending;
            operation.Outcome = "ok";
            read += count;
            return count;
        }
    }

    private sealed class Writer(Operation operation, BlobWriter inner) : BlobWriter
    {
        private long written;

        public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
        {
            await inner.WriteAsync(data, cancellationToken);
            written += data.Length;
        }

        public override async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            await inner.CommitAsync(cancellationToken);
            operation.Outcome = "ok";
        }

        public override async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync();
            operation.Bytes("write", written);
            operation.End();
        }
    }
}
