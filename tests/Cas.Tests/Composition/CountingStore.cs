using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Tests.Composition;

/// <summary>Counts what is read and written, notes what is looked up or opened, and hides what is said to be gone.</summary>
internal sealed class CountingStore(IBlobStore inner) : IBlobStore
{
    public HashSet<Digest> Gone { get; } = [];

    /// <summary>What was found or opened since it was gone.</summary>
    public HashSet<Digest> Used { get; } = [];

    /// <summary>Runs as a write is opened.</summary>
    public Func<Task>? BeforeWrite { get; set; }

    public long Read { get; set; }

    public long Written { get; set; }

    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        HashSet<Digest> missing = [.. await inner.FindMissingAsync([.. digests.Except(Gone)], cancellationToken), .. digests.Where(Gone.Contains)];
        Used.UnionWith(digests.Where(Gone.Contains));
        return [.. digests.Where(missing.Contains).Distinct()];
    }

    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        if (!Gone.Contains(digest))
            return await inner.OpenReadAsync(digest, offset, cancellationToken) is { } reader ? new Reader(this, reader) : null;
        Used.Add(digest);
        return null;
    }

    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        if (BeforeWrite is not null)
            await BeforeWrite();
        return new Writer(this, await inner.OpenWriteAsync(digest, length, cancellationToken));
    }

    private sealed class Reader(CountingStore store, BlobReader reader) : BlobReader
    {
        public override long Length => reader.Length;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            int read = await reader.ReadAsync(destination, cancellationToken);
            store.Read += read;
            return read;
        }

        public override void Discard() => reader.Discard();

        public override ValueTask DisposeAsync() => reader.DisposeAsync();
    }

    private sealed class Writer(CountingStore store, BlobWriter writer) : BlobWriter
    {
        public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
        {
            await writer.WriteAsync(data, cancellationToken);
            store.Written += data.Length;
        }

        public override ValueTask CommitAsync(CancellationToken cancellationToken) => writer.CommitAsync(cancellationToken);

        public override ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
