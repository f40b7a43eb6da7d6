using System.Buffers;
using Google.Bytestream;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using RemoteExec.Rpc.Client;
using RemoteExec.Rpc.Server;
using RemoteExec.Rpc.Server.Memory;
using RemoteExec.TestKit;

namespace RemoteExec.Rpc.Tests.Server;

public sealed class BlockPoolTests
{
    private readonly ManualTimeProvider time = new();

    private static IMemoryOwner<byte>[] Rent(BlockPool pool, int count) => [.. Enumerable.Range(0, count).Select(_ => pool.Rent(1))];

    private static void Return(params IEnumerable<IMemoryOwner<byte>> blocks)
    {
        foreach (IMemoryOwner<byte> block in blocks)
            block.Dispose();
    }

    [Fact]
    public void A_block_is_64_KiB_whatever_is_asked_for()
    {
        using var pool = new BlockPool(time);

        Assert.Equal(65536, pool.Rent().Memory.Length);
        Assert.Equal(65536, pool.Rent(4096).Memory.Length);
        Assert.Equal(65536, pool.MaxBufferSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(65537));
    }

    [Fact]
    public void The_block_that_came_back_last_goes_out_first()
    {
        using var pool = new BlockPool(time);
        IMemoryOwner<byte>[] blocks = Rent(pool, 3);
        Return(blocks);

        Assert.Same(blocks[2], pool.Rent());
        Assert.Same(blocks[1], pool.Rent());
    }

    [Fact]
    public void A_block_given_back_twice_goes_out_once()
    {
        using var pool = new BlockPool(time);
        IMemoryOwner<byte> block = pool.Rent();
        Return(block, block);

        Assert.Equal(1, pool.FreeBlocks);
        Assert.NotSame(pool.Rent(), pool.Rent());
    }

    [Fact]
    public void Blocks_that_nobody_needed_for_a_period_are_dropped()
    {
        using var pool = new BlockPool(time);
        Return(Rent(pool, 10));
        time.Advance(BlockPool.TrimPeriod);
        Assert.Equal(10, pool.FreeBlocks); // they were needed during it

        Return(Rent(pool, 3));
        time.Advance(BlockPool.TrimPeriod);

        Assert.Equal(3, pool.FreeBlocks);
    }

    [Fact]
    public void An_idle_pool_holds_nothing_and_sets_no_timer()
    {
        using var pool = new BlockPool(time);
        Return(Rent(pool, 10));
        for (int i = 0; i < 3; i++)
            time.Advance(BlockPool.TrimPeriod);

        Assert.Equal(0, pool.FreeBlocks);
        Assert.Equal(0, time.WaitingTimers);

        Return(Rent(pool, 1));
        Assert.Equal(1, time.WaitingTimers);
    }

    [Fact]
    public void A_disposed_pool_drops_what_comes_back()
    {
        var pool = new BlockPool(time);
        IMemoryOwner<byte> block = pool.Rent();
        pool.Dispose();
        Return(block);

        Assert.Equal(0, pool.FreeBlocks);
        Assert.Equal(0, time.WaitingTimers);
        Assert.Throws<ObjectDisposedException>(() => pool.Rent());
    }

    [Fact]
    public async Task Many_threads_never_hold_the_same_block()
    {
        using var pool = new BlockPool(time);

        await Task.WhenAll(Enumerable.Range(1, 4).Select(worker => Task.Run(() =>
        {
            for (int i = 0; i < 20_000; i++)
            {
                using IMemoryOwner<byte> block = pool.Rent();
                block.Memory.Span[..64].Fill((byte)worker);
                Assert.Equal(-1, block.Memory.Span[..64].IndexOfAnyExcept((byte)worker));
            }
        }, Methods.Token)));

        Assert.InRange(pool.FreeBlocks, 1, 4);
    }

    [Fact]
    public async Task Kestrel_serves_out_of_it()
    {
        const int Length = 300_000;
        var factory = new CountingFactory(time);
        await using TestServer server = await TestServer.StartAsync(
            [Methods.ServeClientStream(async (requests, _) => new WriteResponse { CommittedSize = await requests.Select(request => request.Data.Length).SumAsync() })],
            new RpcServerOptions(),
            configure: builder =>
            {
                builder.Services.AddRpcTransportMemory(TimeProvider.System);
                Assert.IsType<BlockPoolFactory>(builder.Services.Last().ImplementationInstance);
                builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(factory);
            });
        await using RpcClientCall call = server.Channel.Open(Methods.ClientStream, null, Methods.Token);

        await call.WriteAsync(new WriteRequest { Data = ByteString.CopyFrom(new byte[Length]) });
        await call.CompleteRequestsAsync();

        Assert.Equal(Length, (await call.ReadAsync<WriteResponse>())?.CommittedSize);
        Assert.NotEmpty(factory.Pools);
        Assert.Contains(factory.Pools, pool => pool.FreeBlocks > 0);
    }

    private sealed class CountingFactory(TimeProvider time) : IMemoryPoolFactory<byte>
    {
        public List<BlockPool> Pools { get; } = [];

        public MemoryPool<byte> Create(MemoryPoolOptions? options = null)
        {
            var pool = (BlockPool)new BlockPoolFactory(time).Create(options);
            lock (Pools)
                Pools.Add(pool);
            return pool;
        }
    }
}
