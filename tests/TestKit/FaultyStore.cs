using System.Buffers;
using RemoteExec.Cas;
using RemoteExec.Protocol;

namespace RemoteExec.TestKit;

/// <summary>The moments at which a <see cref="FaultyStore"/> may fail.</summary>
public enum StoreOperation
{
    /// <summary><see cref="IBlobStore.FindMissingAsync"/>.</summary>
    FindMissing,

    /// <summary><see cref="IBlobStore.OpenReadAsync"/>.</summary>
    OpenRead,

    /// <summary><see cref="BlobReader.ReadAsync"/>.</summary>
    Read,

    /// <summary><see cref="IBlobStore.OpenWriteAsync"/>.</summary>
    OpenWrite,

    /// <summary><see cref="BlobWriter.WriteAsync"/>.</summary>
    Write,

    /// <summary><see cref="BlobWriter.CommitAsync"/>.</summary>
    Commit,
}

/// <summary>A store that is asked before each operation what to do: a test makes it fail, wait, or count.</summary>
public sealed class FaultyStore(IBlobStore inner) : IBlobStore
{
    /// <summary>Runs before each operation; what it throws is the operation's failure. Null: nothing happens.</summary>
    public Func<StoreOperation, Digest?, ValueTask>? Before { get; set; }

    /// <summary>Makes every operation of one kind fail, until <see cref="Before"/> is set anew.</summary>
    public void Fail(StoreOperation operation, Func<Exception> fault) =>
        Before = (current, _) => current == operation ? throw fault() : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken)
    {
        await RunBeforeAsync(StoreOperation.FindMissing, null);
        return await inner.FindMissingAsync(digests, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken)
    {
        await RunBeforeAsync(StoreOperation.OpenRead, digest);
        return await inner.OpenReadAsync(digest, offset, cancellationToken) is { } reader ? new Reader(this, digest, reader) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        await RunBeforeAsync(StoreOperation.OpenWrite, digest);
        return new Writer(this, digest, await inner.OpenWriteAsync(digest, length, cancellationToken));
    }

    private ValueTask RunBeforeAsync(StoreOperation operation, Digest? digest) => Before?.Invoke(operation, digest) ?? ValueTask.CompletedTask;

    private sealed class Reader(FaultyStore store, Digest digest, BlobReader reader) : BlobReader
    {
        public override long Length => reader.Length;

        public override async ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken)
        {
            await store.RunBeforeAsync(StoreOperation.Read, digest);
            return await reader.ReadAsync(destination, cancellationToken);
        }

        public override void Discard() => reader.Discard();

        public override ValueTask DisposeAsync() => reader.DisposeAsync();
    }

    private sealed class Writer(FaultyStore store, Digest digest, BlobWriter writer) : BlobWriter
    {
        public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
        {
            await store.RunBeforeAsync(StoreOperation.Write, digest);
            await writer.WriteAsync(data, cancellationToken);
        }

        public override async ValueTask CommitAsync(CancellationToken cancellationToken)
        {
            await store.RunBeforeAsync(StoreOperation.Commit, digest);
            await writer.CommitAsync(cancellationToken);
        }

        public override ValueTask DisposeAsync() => writer.DisposeAsync();
    }
}
