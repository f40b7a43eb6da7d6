using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Composition;

/// <summary>Adds a <see cref="NodeGate"/> to a store: every call, and every piece that is read or written, goes through it.</summary>
internal sealed class GatedStore(IBlobStore inner, NodeGate gate) : IBlobStore
{
    /// <summary>What knows whether the store is within reach.</summary>
    public NodeGate Gate => gate;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyCollection<Digest>> FindMissingAsync(IReadOnlyCollection<Digest> digests, CancellationToken cancellationToken) =>
        gate.RunAsync(token => inner.FindMissingAsync(digests, token), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<BlobReader?> OpenReadAsync(Digest digest, long offset, CancellationToken cancellationToken) =>
        await gate.RunAsync(token => inner.OpenReadAsync(digest, offset, token), cancellationToken) is { } reader ? new Reader(gate, reader) : null;

    /// <inheritdoc/>
    public async ValueTask<BlobWriter> OpenWriteAsync(Digest digest, long length, CancellationToken cancellationToken)
    {
        // A writer may open without the node's hearing of it, so that proves nothing: a node that is down is asked something.
        if (gate.IsDown)
            await FindMissingAsync([digest], cancellationToken);
        return new Writer(gate, await gate.RunAsync(token => inner.OpenWriteAsync(digest, length, token), cancellationToken));
    }

    private sealed class Reader(NodeGate gate, BlobReader inner) : BlobReader
    {
        public override long Length => inner.Length;

        public override long? ZstdLength => inner.ZstdLength;

        public override ValueTask<int> ReadAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
            gate.GoOnAsync(token => inner.ReadAsync(destination, token), cancellationToken);

        public override ValueTask<int> ReadZstdAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
            gate.GoOnAsync(token => inner.ReadZstdAsync(destination, token), cancellationToken);

        public override void Discard() => inner.Discard();

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class Writer(NodeGate gate, BlobWriter inner) : BlobWriter
    {
        public override async ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken) =>
            await gate.GoOnAsync(
                async token =>
                {
                    await inner.WriteAsync(data, token);
                    return true;
                },
                cancellationToken);

        public override async ValueTask CommitAsync(CancellationToken cancellationToken) =>
            await gate.GoOnAsync(
                async token =>
                {
                    await inner.CommitAsync(token);
                    return true;
                },
                cancellationToken);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
