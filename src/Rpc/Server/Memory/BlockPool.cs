using System.Buffers;
using RemoteExec.Rpc.Server.Limits;

namespace RemoteExec.Rpc.Server.Memory;

/// <summary>
/// The transport's memory: blocks of 64 KiB, so that a receive takes up to that much in one system call (Kestrel's own pool has 4 KiB). The block that
/// came back last goes out first, as the processor's cache still has it. Blocks that nobody needed for a whole <see cref="TrimPeriod"/> go back to the
/// runtime, so that the pool follows the load down too. Thread-safe.
/// </summary>
internal sealed class BlockPool : MemoryPool<byte>
{
    public const int BlockSize = 64 * 1024;

    public static readonly TimeSpan TrimPeriod = TimeSpan.FromSeconds(10);

    // Guards the fields below.
    private readonly Lock gate = new();
    private readonly Stack<Block> free = new();
    private readonly ITimer timer;
    private readonly MemoryBudget? budget;
    private int leastFree;
    private bool trimming;
    private bool disposed;

    /// <summary>Makes one, all blocks of which count in the budget while they are rented.</summary>
    public BlockPool(TimeProvider time, MemoryBudget? budget = null)
    {
        this.budget = budget;
        timer = time.CreateTimer(static pool => ((BlockPool)pool!).Trim(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public override int MaxBufferSize => BlockSize;

    /// <summary>The blocks that wait to be rented.</summary>
    public int FreeBlocks
    {
        get
        {
            lock (gate)
                return free.Count;
        }
    }

    /// <summary>Rents a block; it is always a whole one. Disposing gives it back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than a block was asked for.</exception>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => RentFor(null, minBufferSize);

    /// <summary>Rents a block for a connection, which is told of it, and of its return.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than a block was asked for.</exception>
    public IMemoryOwner<byte> RentFor(GuardedConnection? holder, int minBufferSize)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockSize);
        Block? block;
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (free.TryPop(out block))
                leastFree = Math.Min(leastFree, free.Count);
        }

        if (block is null)
            block = new Block(this);
        else
            budget?.Unkeep(BlockSize);
        block.MarkRented(holder);
        if (holder is null)
            budget?.Count(BlockSize);
        else
            holder.CountBlock(BlockSize);
        return block;
    }

    /// <summary>Drops the free blocks; those that are out are dropped when they come back.</summary>
    protected override void Dispose(bool disposing)
    {
        lock (gate)
        {
            disposed = true;
            budget?.Unkeep((long)free.Count * BlockSize);
            free.Clear();
        }

        timer.Dispose();
    }

    private void Return(Block block, GuardedConnection? holder)
    {
        if (holder is null)
            budget?.Uncount(BlockSize);
        else
            holder.CountBlock(-BlockSize);
        lock (gate)
        {
            if (disposed || budget?.TryKeep(BlockSize) == false)
                return;
            free.Push(block);
            if (trimming)
                return;
            trimming = true;
            leastFree = 0;
        }

        timer.Change(TrimPeriod, Timeout.InfiniteTimeSpan);
    }

    private void Trim()
    {
        lock (gate)
        {
            // So many blocks lay there all the time.
            for (int i = 0; i < leastFree; i++)
                free.Pop();
            budget?.Unkeep((long)leastFree * BlockSize);
            leastFree = free.Count;
            trimming = free.Count > 0 && !disposed;
            if (!trimming)
                return;
        }

        timer.Change(TrimPeriod, Timeout.InfiniteTimeSpan);
    }

    private sealed class Block(BlockPool pool) : IMemoryOwner<byte>
    {
        // Pinned for good: the kernel writes into it, and pinning it for each receive would cost more.
        private readonly Memory<byte> memory = System.Runtime.InteropServices.MemoryMarshal.CreateFromPinnedArray(
            GC.AllocateUninitializedArray<byte>(BlockSize, pinned: true), 0, BlockSize);
        private int rented;
        private GuardedConnection? holder;

        public Memory<byte> Memory => memory;

        public void MarkRented(GuardedConnection? by)
        {
            holder = by;
            Volatile.Write(ref rented, 1);
        }

        public void Dispose()
        {
            // A block that was given back twice would go out to two streams at once.
            if (Interlocked.Exchange(ref rented, 0) == 1)
                pool.Return(this, Interlocked.Exchange(ref holder, null));
        }
    }
}
