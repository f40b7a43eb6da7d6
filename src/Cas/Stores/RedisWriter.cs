using System.Buffers;
using RemoteExec.Protocol;

namespace RemoteExec.Cas.Stores;

/// <summary>Gathers a value, which reaches Redis as a whole at its commit.</summary>
internal sealed class RedisWriter(RedisStore store, Digest digest, int length) : BlobWriter
{
    private readonly byte[] record = new byte[RedisValueHeader.Length + length];
    private int position = RedisValueHeader.Length;

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlySequence<byte> data, CancellationToken cancellationToken)
    {
        if (data.Length > record.Length - position)
            throw new InvalidOperationException($"more than the announced {length} bytes");
        data.CopyTo(record.AsSpan(position));
        position += (int)data.Length;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override async ValueTask CommitAsync(CancellationToken cancellationToken)
    {
        if (position != record.Length)
            throw new InvalidOperationException($"{position - RedisValueHeader.Length} of the announced {length} bytes were written");
        await store.PutAsync(digest, record, cancellationToken);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
