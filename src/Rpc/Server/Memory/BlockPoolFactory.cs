using System.Buffers;
using Microsoft.AspNetCore.Connections;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server.Memory;

/// <summary>Gives Kestrel its memory pools: one for each of its I/O queues, which disposes it.</summary>
internal sealed class BlockPoolFactory(TimeProvider time, MemoryBudget? budget = null) : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new BlockPool(time, budget);
}
