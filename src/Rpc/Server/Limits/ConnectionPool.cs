using System.Buffers;
using Microsoft.AspNetCore.Connections.Features;
using RemoteExec.Rpc.Server.Memory;

namespace RemoteExec.Rpc.Server.Limits;

/// <summary>
/// The transport's memory as one connection rents it, which is told of each block. A stream takes a block for its first byte already: so where many streams share a connection their blocks are
/// small.
/// </summary>
internal sealed class ConnectionPool(GuardedConnection connection, BlockPool blocks) : MemoryPool<byte>, IMemoryPoolFeature
{
    private const int SmallBlockBytes = 4 * 1024;

    /// <summary>What is longer than a block is counted as well, and not taken from elsewhere.</summary>
    public override int MaxBufferSize => int.MaxValue;

    /// <inheritdoc/>
    public MemoryPool<byte> MemoryPool => this;

    /// <inheritdoc/>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        minBufferSize > BlockPool.BlockSize || connection.NeedsSmallBlocks
            ? new ArrayBlock(connection, Math.Max(minBufferSize, SmallBlockBytes))
            : blocks.RentFor(connection, minBufferSize);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The blocks are not its own.
    }

    private sealed class ArrayBlock : IMemoryOwner<byte>
    {
        private readonly GuardedConnection connection;
        private byte[]? array;

        public ArrayBlock(GuardedConnection connection, int length)
        {
            this.connection = connection;
            array = ArrayPool<byte>.Shared.Rent(length);
            connection.CountBlock(array.Length);
        }

        public Memory<byte> Memory => array;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref array, null) is not { } returned)
                return;
            connection.CountBlock(-returned.Length);
            ArrayPool<byte>.Shared.Return(returned);
        }
    }
}
